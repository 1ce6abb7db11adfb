//! Why a transaction's coordinator refuses a request.

use crate::coord::Unavailable;

/// Why a transaction's coordinator refuses a request; each is one of Kafka's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TransactionError {
    /// The transactional id is empty.
    #[error("the transactional id is empty")]
    EmptyId,
    /// The timeout is not positive or above `transaction.max.timeout.ms`.
    #[error("the transaction timeout is not within the allowed range")]
    InvalidTimeout,
    /// The transactional id belongs to another producer id, or to none.
    #[error("the producer id is not the one of the transactional id")]
    InvalidProducerIdMapping,
    /// A newer producer has the transactional id.
    #[error("the producer was replaced by a newer one")]
    ProducerFenced,
    /// The last transaction is still ending; the client asks again.
    #[error("the last transaction is still being ended")]
    Concurrent,
    /// The state does not allow the request.
    #[error("the transaction's state does not allow this")]
    InvalidState,
    /// The partition was not added to the transaction.
    #[error("the transaction does not include the partition")]
    NotIncluded,
    /// Nothing can be answered now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
