//! Which records of a consumer wait for one another, and where handlers run.

use crate::record::Record;

/// The order in which the records of a partition are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Order {
    /// One after the other.
    #[default]
    Partition,
    /// Those of one key one after the other; those without a key, too.
    Key,
    /// In none: each as soon as there is room.
    None,
    /// Those of one key one after the other, those without a key in none: retry topics that keep the
    /// order of keys are read so.
    #[doc(hidden)]
    KeyIfAny,
}

/// Where a listener's handlers run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Dispatch {
    /// On the consumer's own thread: for handlers that wait.
    #[default]
    Inline,
    /// On the threads of the runtime: for handlers that compute.
    Spawn,
    /// On threads that may be blocked.
    Blocking,
}

/// Names a lane within its partition: records of one lane run one after the other.
///
/// Keys are told apart by 64 bits of hash. Two keys that share them share a lane, which costs time
/// and nothing else.
pub(crate) type LaneKey = u64;

/// The lane of records without a key, and the only one in the order of the partition.
pub(super) const PARTITION_LANE: LaneKey = 0;

impl Order {
    /// The orders as settings and attributes write them.
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("partition", Self::Partition),
        ("key", Self::Key),
        ("none", Self::None),
    ];

    /// The lane of a record.
    pub(super) fn lane_of(self, record: &Record) -> LaneKey {
        match self {
            Self::Partition => PARTITION_LANE,
            Self::Key => record.key().map_or(PARTITION_LANE, |key| hash(key).max(1)),
            Self::None => record.offset().cast_unsigned(),
            Self::KeyIfAny => match record.key() {
                Some(_) => Self::Key.lane_of(record),
                None => Self::None.lane_of(record),
            },
        }
    }

    /// Whether a record may overtake one before it.
    pub(crate) fn overtakes(self) -> bool {
        self != Self::Partition
    }
}

impl Dispatch {
    /// The ways as settings and attributes write them.
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("inline", Self::Inline),
        ("spawn", Self::Spawn),
        ("blocking", Self::Blocking),
    ];
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = Self::NAMES.iter().find(|(_, order)| order == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

impl std::fmt::Display for Dispatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = Self::NAMES.iter().find(|(_, way)| way == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes eight bytes at a time: lanes need an even spread, not secrecy.
fn hash(key: &[u8]) -> u64 {
    let mut hash = (key.len() as u64).wrapping_mul(MULTIPLIER);
    let (words, rest) = key.as_chunks::<8>();
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    mix(hash, 0)
}

fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word ^ MULTIPLIER) * u128::from(MULTIPLIER | 1);
    let bytes = product.to_le_bytes();
    let (halves, _) = bytes.as_chunks::<8>();
    halves
        .iter()
        .fold(0, |all, half| all ^ u64::from_le_bytes(*half))
        .rotate_left(23)
}

/// Spreads lane keys over a table: offsets are neighbours, hashes are spread already.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Spread(u64);

impl std::hash::Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key.wrapping_mul(MULTIPLIER);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::record::OwnedRecord;

    fn record(key: Option<&str>, offset: i64) -> Record {
        let mut record = OwnedRecord::new("orders", 0, offset);
        record.key = key.map(Into::into);
        record.into()
    }

    #[test]
    fn records_without_a_key_share_their_partitions_lane() {
        let lane = |key, offset| Order::Key.lane_of(&record(key, offset));
        assert_eq!(lane(None, 1), lane(None, 2));
        assert_eq!(lane(Some("a"), 1), lane(Some("a"), 2));
        assert_ne!(lane(Some("a"), 1), lane(Some("b"), 1));
        assert_ne!(lane(Some(""), 1), lane(None, 1));
        for order in [Order::None, Order::KeyIfAny] {
            let lane = |offset| order.lane_of(&record(None, offset));
            assert_ne!(lane(1), lane(2));
        }
    }

    #[test]
    fn keys_are_spread() {
        let names = (0..200_000).map(|n| format!("customer-{n:06}"));
        let numbers = (0..200_000_u64).map(|n| n.to_be_bytes().to_vec());
        let hashes = names
            .map(String::into_bytes)
            .chain(numbers)
            .map(|key| hash(&key));
        let hashes = hashes.collect::<Vec<_>>();
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), hashes.len());
        // Whatever bits a table takes, each of 256 places gets about its share.
        for shift in [0, 24, 56] {
            let mut places = [0_u32; 256];
            for hash in &hashes {
                let place = usize::try_from(hash.wrapping_mul(MULTIPLIER) >> shift & 0xff).unwrap();
                places[place] += 1;
            }
            let most = places.iter().max().unwrap();
            assert!(*most < 2_200, "{most} of {} in one of 256", hashes.len());
        }
    }
}
