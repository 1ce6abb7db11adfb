//! Why a partition refuses.

use crate::batch::BatchError;
use crate::log::StorageError;
use crate::partition::ProducerError;

/// Why nothing was appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AppendError {
    /// The bytes are not acceptable.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The producer's sequence or epoch is wrong.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// A transactional batch came outside of a transaction.
    #[error("producer {producer_id} has no transaction that includes this partition")]
    NoTransaction {
        /// The producer.
        producer_id: i64,
    },
    /// The partition was deleted.
    #[error("the partition was deleted")]
    Gone,
    /// What the records are stored on fails; the broker's log says how.
    #[error("the records cannot be stored")]
    Storage,
}

/// Why a partition cannot be read at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ReadError {
    /// The offset is outside of the log.
    #[error("offset {offset} is not within [{start}, {end}]")]
    OutOfRange {
        /// What was asked for.
        offset: i64,
        /// The first offset.
        start: i64,
        /// The offset after the last record.
        end: i64,
    },
    /// The partition was deleted.
    #[error("the partition was deleted")]
    Gone,
    /// What is stored there cannot be read; the broker's log says why.
    #[error("the records cannot be read")]
    Storage,
}

impl From<StorageError> for AppendError {
    fn from(error: StorageError) -> Self {
        report(&error);
        Self::Storage
    }
}

impl From<StorageError> for ReadError {
    fn from(error: StorageError) -> Self {
        report(&error);
        Self::Storage
    }
}

/// Clients are told only that the storage fails; the log says where and why.
pub(super) fn report(error: &StorageError) {
    let source = std::error::Error::source(error).map(tracing::field::display);
    tracing::error!(%error, source, "storage failure");
}

/// Why a client's idea of the leader epoch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EpochError {
    /// The client has not heard of the current leader yet.
    #[error("the epoch is older than the leader's")]
    Fenced,
    /// The client knows a newer leader.
    #[error("the epoch is newer than the leader's")]
    Unknown,
}
