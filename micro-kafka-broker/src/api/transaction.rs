//! What the transactions' APIs have in common: who asks, and which code an outcome has.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ErrorCode;
use crate::coord::group::PartitionKey;
use crate::coord::transaction::{MarkerFailure, TransactionError};
use crate::partition::MarkerError;

impl From<TransactionError> for ErrorCode {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::EmptyId => Self::INVALID_REQUEST,
            TransactionError::InvalidTimeout => Self::INVALID_TRANSACTION_TIMEOUT,
            TransactionError::InvalidProducerIdMapping => Self::INVALID_PRODUCER_ID_MAPPING,
            TransactionError::ProducerFenced => Self::PRODUCER_FENCED,
            TransactionError::Concurrent => Self::CONCURRENT_TRANSACTIONS,
            TransactionError::InvalidState => Self::INVALID_TXN_STATE,
            TransactionError::NotIncluded => Self::TRANSACTION_ABORTABLE,
            TransactionError::Unavailable(error) => error.into(),
        }
    }
}

impl From<MarkerFailure> for ErrorCode {
    fn from(failure: MarkerFailure) -> Self {
        match failure {
            MarkerFailure::UnknownPartition | MarkerFailure::Refused(MarkerError::Gone) => {
                Self::UNKNOWN_TOPIC_OR_PARTITION
            }
            MarkerFailure::Refused(MarkerError::StaleEpoch) => Self::INVALID_PRODUCER_EPOCH,
            MarkerFailure::Refused(MarkerError::StaleCoordinator) => {
                Self::TRANSACTION_COORDINATOR_FENCED
            }
            MarkerFailure::Refused(MarkerError::Storage) => Self::KAFKA_STORAGE_ERROR,
        }
    }
}

impl ErrorCode {
    /// A fenced producer is told so from version `since` on; older clients know an old epoch.
    pub(super) fn known_from(self, since: i16, version: i16) -> Self {
        match self {
            Self::PRODUCER_FENCED if version < since => Self::INVALID_PRODUCER_EPOCH,
            code => code,
        }
    }

    /// What a write in a transaction is answered where the client asks another broker than the
    /// coordinator: by what it understands.
    pub(super) fn in_write(self, client: WriteClient) -> Self {
        match self {
            Self::PRODUCER_FENCED => Self::INVALID_PRODUCER_EPOCH,
            Self::TRANSACTION_ABORTABLE if client == WriteClient::Old => Self::INVALID_TXN_STATE,
            code => code,
        }
    }
}

/// What the client of a write understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteClient {
    /// Neither of the below.
    Old,
    /// That its transaction can only be aborted.
    Abortable,
    /// That, and that a write adds its partition to the transaction.
    Implicit,
}

impl WriteClient {
    /// The client of a version of Produce.
    pub(super) fn of_produce(version: i16) -> Self {
        match version {
            12.. => Self::Implicit,
            11 => Self::Abortable,
            _ => Self::Old,
        }
    }

    /// The client of a version of TxnOffsetCommit.
    pub(super) fn of_offset_commit(version: i16) -> Self {
        match version {
            5.. => Self::Implicit,
            4 => Self::Abortable,
            _ => Self::Old,
        }
    }
}

/// The keys of a topic's partitions.
pub(super) fn keys<'a>(
    topic: &'a Arc<str>,
    partitions: &'a [i32],
) -> impl Iterator<Item = PartitionKey> + 'a {
    partitions.iter().map(|&partition| PartitionKey {
        topic: Arc::clone(topic),
        partition,
    })
}

/// Partitions by topic, in the order of the keys.
pub(super) fn by_topic(keys: &BTreeSet<PartitionKey>) -> Vec<(String, Vec<i32>)> {
    let mut topics: Vec<(String, Vec<i32>)> = Vec::new();
    for key in keys {
        match topics.last_mut() {
            Some((topic, partitions)) if **topic == *key.topic => partitions.push(key.partition),
            _ => topics.push((key.topic.to_string(), vec![key.partition])),
        }
    }
    topics
}
