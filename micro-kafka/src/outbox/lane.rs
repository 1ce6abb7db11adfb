//! Which records have to keep their order.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The lane of a record, the same in every instance and version, and whether others share it.
pub(super) fn lane(topic: &str, key: Option<&[u8]>, partition: Option<i32>) -> (i64, bool) {
    let number;
    let (kind, rest): (&[u8], &[u8]) = match (key, partition) {
        (Some(key), _) => (b"\0key\0", key),
        (None, Some(partition)) => {
            number = partition.to_be_bytes();
            (b"\0partition\0", &number)
        }
        (None, None) => {
            return (
                RandomState::new().build_hasher().finish().cast_signed(),
                false,
            );
        }
    };
    let bytes = topic.as_bytes().iter().chain(kind).chain(rest);
    // FNV-1a: two keys that meet wait for one another, no more.
    let hash = bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    });
    (hash.cast_signed(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_a_topic_and_a_key_or_partition() {
        let a = lane("orders", Some(b"a"), None);
        assert_eq!(a, lane("orders", Some(b"a"), Some(3)), "the key decides");
        assert_ne!(a, lane("orders", Some(b"b"), None));
        assert_ne!(a, lane("refunds", Some(b"a"), None));
        let first = lane("orders", None, Some(0));
        assert_eq!(first, lane("orders", None, Some(0)));
        assert_ne!(first, lane("orders", None, Some(1)));
        assert!(!lane("orders", None, None).1);
    }

    #[test]
    fn it_never_changes_between_versions() {
        // Rows of older versions wait in the table.
        assert_eq!(
            lane("orders", Some(b"a"), None).0,
            8_390_608_784_742_916_968
        );
    }
}
