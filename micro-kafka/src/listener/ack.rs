//! When offsets are committed, and the token by which one record is acknowledged.

use super::order::LaneKey;

/// When a container commits offsets: Spring's `AckMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AckMode {
    /// After each record.
    Record,
    /// When all records of a read turn are finished.
    #[default]
    Batch,
    /// When the handler's `Acknowledgment` says so.
    Manual,
}

impl AckMode {
    /// The modes as settings and attributes write them.
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("record", Self::Record),
        ("batch", Self::Batch),
        ("manual", Self::Manual),
    ];
}

impl std::fmt::Display for AckMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = Self::NAMES.iter().find(|(_, mode)| mode == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// Names one delivery of one assignment of a partition; stale tokens are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckToken {
    pub(crate) slot: u32,
    pub(crate) epoch: u32,
    pub(crate) offset: i64,
    /// The lane of its record.
    pub(crate) lane: LaneKey,
}
