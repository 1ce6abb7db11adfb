//! What tells the keys of records apart without telling the keys.

use std::fmt;

/// A key's murmur2, as Java's clients reckon it: the same key has the same one everywhere, and its
/// partition follows from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(u32);

impl KeyHash {
    /// The hash of a key.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        const M: u32 = 0x5bd1_e995;
        const SEED: u32 = 0x9747_b28c;
        #[allow(
            clippy::cast_possible_truncation,
            reason = "a key is shorter than 2 GiB, and Java reckons in 32 bits"
        )]
        let mut hash = SEED ^ key.len() as u32;
        let (words, rest) = key.as_chunks::<4>();
        for word in words {
            let word = u32::from_le_bytes(*word).wrapping_mul(M);
            let word = (word ^ (word >> 24)).wrapping_mul(M);
            hash = hash.wrapping_mul(M) ^ word;
        }
        if !rest.is_empty() {
            let last = rest
                .iter()
                .rev()
                .fold(0, |last, byte| (last << 8) | u32::from(*byte));
            hash = (hash ^ last).wrapping_mul(M);
        }
        hash = (hash ^ (hash >> 13)).wrapping_mul(M);
        Self(hash ^ (hash >> 15))
    }

    /// The number itself.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// Where a Java producer puts the key among so many partitions.
    #[must_use]
    pub fn partition(self, partitions: i32) -> i32 {
        let positive = (self.0 & 0x7fff_ffff).cast_signed();
        positive.checked_rem(partitions).unwrap_or(-1)
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_javas_clients() {
        // From Kafka's own test of its murmur2.
        let known: [(&str, i32); 6] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ];
        for (key, hash) in known {
            assert_eq!(KeyHash::of(key.as_bytes()).number(), hash.cast_unsigned());
        }
        assert_eq!(
            KeyHash::of(b"21").partition(3),
            (-973_932_308 & i32::MAX) % 3
        );
    }
}
