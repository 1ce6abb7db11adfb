//! Records that are refused, as a client is told.

use super::{BatchIndexAndErrorMessage, PartitionProduceResponse};
use crate::api::ErrorCode;
use crate::api::transaction::WriteClient;
use crate::batch::{BatchError, RecordError};
use crate::coord::transaction::TransactionError;
use crate::partition::{AppendError, Partition, ProducerError};

/// Why records are refused, as a client is told.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    error_code: ErrorCode,
    message: Option<String>,
    records: Vec<BatchIndexAndErrorMessage>,
    /// The partition's first offset, where the records themselves are refused; otherwise -1.
    log_start_offset: i64,
}

impl Refusal {
    /// The answer for a partition.
    pub(super) fn into_response(self, index: i32) -> PartitionProduceResponse {
        PartitionProduceResponse {
            index,
            error_code: self.error_code,
            base_offset: -1,
            log_start_offset: self.log_start_offset,
            record_errors: self.records,
            error_message: self.message,
            ..PartitionProduceResponse::default()
        }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(error_code: ErrorCode) -> Self {
        Self {
            error_code,
            message: None,
            records: Vec::new(),
            log_start_offset: -1,
        }
    }
}

impl Refusal {
    /// A refusal of a whole request that says why.
    pub(super) fn told(error_code: ErrorCode, message: String) -> Self {
        Self {
            message: Some(message),
            ..error_code.into()
        }
    }

    /// The refusal of records for a partition, called as in `orders-0`. As in Kafka, only what
    /// concerns single records has a message.
    pub(super) fn of(error: &AppendError, name: &str, partition: &Partition) -> Self {
        let refusal = Self::from(append_code(error));
        match error {
            AppendError::Batch(BatchError::InvalidRecords(errors)) => Self {
                message: Some(summary(errors, name)),
                records: errors.iter().map(|error| told(error, name)).collect(),
                log_start_offset: partition.start_offset(),
                ..refusal
            },
            AppendError::Batch(BatchError::Invalid(_) | BatchError::UnsupportedCodec(_))
            | AppendError::Producer(_) => Self {
                log_start_offset: partition.start_offset(),
                ..refusal
            },
            _ => refusal,
        }
    }
}

fn told(error: &RecordError, partition: &str) -> BatchIndexAndErrorMessage {
    BatchIndexAndErrorMessage {
        batch_index: error.index,
        batch_index_error_message: Some(error.fault.describe(partition)),
    }
}

/// What is wrong with a batch, in Kafka's words.
fn summary(errors: &[RecordError], partition: &str) -> String {
    if errors.iter().any(|error| error.fault.is_timestamp()) {
        return "One or more records have been rejected due to invalid timestamp".to_owned();
    }
    let first = errors.iter().take(3).map(|error| {
        let message = error.fault.describe(partition);
        format!(
            "RecordError(batchIndex={}, message='{message}')",
            error.index
        )
    });
    format!(
        "One or more records have been rejected due to {} record errors in total, and only \
         showing the first three errors at most: [{}]",
        errors.len(),
        first.collect::<Vec<_>>().join(", ")
    )
}

fn append_code(error: &AppendError) -> ErrorCode {
    match error {
        AppendError::Batch(error) => batch_code(error),
        AppendError::Producer(ProducerError::OutOfOrder { .. }) => {
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
        }
        AppendError::Producer(ProducerError::StaleEpoch { .. }) => {
            ErrorCode::INVALID_PRODUCER_EPOCH
        }
        AppendError::NoTransaction { .. }
        | AppendError::Producer(ProducerError::OutsideTransaction { .. }) => {
            ErrorCode::INVALID_TXN_STATE
        }
        AppendError::Gone => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        AppendError::Storage => ErrorCode::KAFKA_STORAGE_ERROR,
    }
}

fn batch_code(error: &BatchError) -> ErrorCode {
    match error {
        BatchError::Corrupt(_) | BatchError::UnsupportedMagic(..=-1 | 3..) => {
            ErrorCode::CORRUPT_MESSAGE
        }
        BatchError::TooLarge { .. } => ErrorCode::MESSAGE_TOO_LARGE,
        // As in Kafka, which does not expect it.
        BatchError::UnsupportedCodec(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
        BatchError::InvalidRecords(errors) if errors.iter().any(|e| e.fault.is_timestamp()) => {
            ErrorCode::INVALID_TIMESTAMP
        }
        BatchError::Invalid(_)
        | BatchError::InvalidRecords(_)
        | BatchError::UnsupportedMagic(_) => ErrorCode::INVALID_RECORD,
    }
}

/// Older clients repeat what failed for want of replicas, but not what came too early.
pub(super) fn refused_transaction(error: TransactionError, client: WriteClient) -> Refusal {
    let code = ErrorCode::from(error).in_write(client);
    let early = code == ErrorCode::CONCURRENT_TRANSACTIONS && client != WriteClient::Implicit;
    if early {
        let message = "Unable to verify the partition has been added to the transaction. \
                       Underlying error: CONCURRENT_TRANSACTIONS";
        return Refusal {
            message: Some(message.to_owned()),
            ..ErrorCode::NOT_ENOUGH_REPLICAS.into()
        };
    }
    let left_out = code == ErrorCode::INVALID_TXN_STATE;
    Refusal {
        message: left_out.then(|| "Partition was not added to the transaction".to_owned()),
        ..code.into()
    }
}
