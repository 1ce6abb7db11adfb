//! What is fenced, and the copies of its records.

use std::fmt;
use std::sync::Arc;

/// A key of a source partition.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct FencePlace(Arc<[u8]>);

/// What stands between the parts: no topic's name has it.
const BETWEEN: u8 = b'|';

impl FencePlace {
    /// A key of a partition; `topic` as the broker knows it.
    pub(crate) fn new(topic: &str, partition: i32, key: &[u8]) -> Self {
        let number = partition.to_string();
        let mut bytes = Vec::with_capacity(topic.len() + number.len() + key.len() + 2);
        bytes.extend_from_slice(topic.as_bytes());
        bytes.push(BETWEEN);
        bytes.extend_from_slice(number.as_bytes());
        bytes.push(BETWEEN);
        bytes.extend_from_slice(key);
        Self(bytes.into())
    }

    /// Reads what [`Self::bytes`] wrote.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let place = Self(bytes.into());
        place.parts().is_some().then_some(place)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Topic, partition and key.
    pub(crate) fn parts(&self) -> Option<(&str, i32, &[u8])> {
        let mut parts = self.0.splitn(3, |byte| *byte == BETWEEN);
        let topic = std::str::from_utf8(parts.next()?).ok()?;
        let partition = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        Some((topic, partition, parts.next()?))
    }

    /// Whether it is of that partition.
    pub(crate) fn is_of(&self, topic: &str, partition: i32) -> bool {
        let parts = self.parts();
        parts.is_some_and(|(own, number, _)| own == topic && number == partition)
    }
}

impl fmt::Debug for FencePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys may be what nobody else is to see.
        let (topic, partition) = self.parts().map_or(("", -1), |(t, p, _)| (t, p));
        write!(f, "FencePlace({topic}-{partition})")
    }
}

/// A record of a source: where it is, and when it was made, by which it differs from one of a topic
/// that was made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) offset: i64,
    /// Milliseconds since the Unix epoch; -1 if unknown.
    pub(crate) millis: i64,
}

/// A copy of a fenced key's record, in its retry topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FencedCopy {
    pub(crate) place: FencePlace,
    /// Grows with each copy of the key; all copies of one announcement have the same.
    pub(crate) token: u64,
    /// The offset, in its source, of the record that it is a copy of.
    pub(crate) origin: i64,
}
