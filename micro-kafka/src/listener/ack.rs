//! When offsets are committed, and the token by which one record is acknowledged.

use std::time::Duration;

use super::RecordPlace;
use super::order::LaneKey;

/// When a container commits offsets: Spring's `AckMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AckMode {
    /// After each record.
    Record,
    /// When all records of a read turn are finished, at latest after `commit-interval` or
    /// `commit-count` records.
    #[default]
    Batch,
    /// Each `commit-interval`.
    Time,
    /// After each `commit-count` records.
    Count,
    /// Whichever of the two comes first.
    CountTime,
    /// When the handler's `Acknowledgment` says so, together as with `Batch`.
    Manual,
    /// The same, at once.
    ManualImmediate,
}

impl AckMode {
    /// The modes as settings write them.
    pub(crate) const NAMES: [(&'static str, Self); 7] = [
        ("record", Self::Record),
        ("batch", Self::Batch),
        ("time", Self::Time),
        ("count", Self::Count),
        ("count-time", Self::CountTime),
        ("manual", Self::Manual),
        ("manual-immediate", Self::ManualImmediate),
    ];

    /// Whether the handler says when a record is done.
    #[must_use]
    pub fn is_manual(self) -> bool {
        matches!(self, Self::Manual | Self::ManualImmediate)
    }
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

/// What a handler says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Done,
    /// It is to be delivered again after this time.
    Again(Duration),
}

/// An acknowledgement that came too late: the partition was given up, or its listener stopped. The
/// record is delivered again, here or elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "record {record} cannot be acknowledged any more: its partition was given up meanwhile, and it will be delivered again"
)]
pub struct LateAcknowledgment {
    /// Which record.
    pub record: RecordPlace,
}
