//! When offsets are committed, and the token by which one record is acknowledged.

/// When a container commits offsets: Spring's `AckMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// Names one delivery of one assignment of a partition; stale tokens are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckToken {
    pub(crate) slot: u32,
    pub(crate) epoch: u32,
    pub(crate) offset: i64,
}
