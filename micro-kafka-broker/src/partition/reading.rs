//! What is read of a partition, and what was found.

use bytes::Bytes;

use super::Aborted;

/// What a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Isolation {
    /// Everything that is replicated.
    #[default]
    ReadUncommitted,
    /// Nothing of open transactions.
    ReadCommitted,
}

impl Isolation {
    /// The level's number in requests: 1 for committed records only.
    pub(crate) fn from_wire(level: i8) -> Self {
        match level {
            1 => Self::ReadCommitted,
            _ => Self::ReadUncommitted,
        }
    }
}

/// One read of a partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadRequest {
    /// The first offset wanted.
    pub(crate) offset: i64,
    /// Most bytes to return.
    pub(crate) max_bytes: usize,
    /// Whether the first batch is returned even if it is larger.
    pub(crate) at_least_one: bool,
    /// What may be seen.
    pub(crate) isolation: Isolation,
}

/// What a read found.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadOutcome {
    /// Whole batches, as slices in order.
    pub(crate) records: Vec<Bytes>,
    /// The bytes that the limit covers: with the part of a batch that does not fit.
    pub(crate) covered: usize,
    /// The offset up to which records are replicated.
    pub(crate) high_watermark: i64,
    /// The offset before which no transaction is open.
    pub(crate) last_stable_offset: i64,
    /// The partition's first offset.
    pub(crate) log_start_offset: i64,
    /// The aborted transactions among them, for a reader of committed records.
    pub(crate) aborted: Vec<Aborted>,
}

impl ReadOutcome {
    /// The offset before which such a reader sees records.
    pub(crate) fn visible_end(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::ReadUncommitted => self.high_watermark,
            Isolation::ReadCommitted => self.last_stable_offset,
        }
    }
}
