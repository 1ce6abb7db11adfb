//! A producer's transactions, called on librdkafka directly: rust-rdkafka's calls flush in slices
//! of 100 ms.

use std::time::Duration;

use rdkafka::bindings as rdsys;

use super::callbacks::text;
use super::missing_right::Deed;
use super::producer_topic::millis;
use super::{ErrorCode, MissingRight, Producer};

/// librdkafka's word for "as long as the transaction may last".
const TRANSACTION_TIMEOUT: i32 = -1;

/// What a refused call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The producer is of no use any more.
    Fatal,
    /// The transaction must be aborted; the producer can go on.
    Abort,
    /// The same call, once more.
    Retriable,
    /// The call was wrong, or its failure is of no known kind.
    Other,
}

/// A transactional call that did not succeed.
#[derive(Debug, Clone)]
pub(crate) struct TransactionRefusal {
    pub(crate) code: ErrorCode,
    pub(crate) reason: String,
    pub(crate) severity: Severity,
    /// The right that the client has not got.
    pub(crate) missing: Option<Box<MissingRight>>,
}

impl TransactionRefusal {
    /// The reason, with the right that is missing; the answer does not tell which topic it is about,
    /// but it is one of these.
    pub(crate) fn words(&self, topics: &[&str]) -> String {
        let reason = &self.reason;
        match &self.missing {
            Some(missing) => format!("{reason}; {}", missing.on_one_of(topics)),
            None => reason.clone(),
        }
    }

    pub(super) fn out_of_memory() -> Self {
        Self {
            code: ErrorCode::NO_RESOURCE,
            reason: "out of memory".to_owned(),
            severity: Severity::Abort,
            missing: None,
        }
    }
}

impl Producer {
    /// Takes the transactional id over from whoever had it; blocks.
    pub(crate) fn init_transactions(&self, timeout: Duration) -> Result<(), TransactionRefusal> {
        // SAFETY: the client lives.
        self.transactional(Deed::Write, unsafe {
            rdsys::rd_kafka_init_transactions(self.core().client(), millis(timeout))
        })
    }

    pub(crate) fn begin_transaction(&self) -> Result<(), TransactionRefusal> {
        // SAFETY: the client lives.
        self.transactional(Deed::Write, unsafe {
            rdsys::rd_kafka_begin_transaction(self.core().client())
        })
    }

    /// As [`Self::send_offsets`], with everything in librdkafka's own form.
    pub(super) fn send_offset_list(
        &self,
        offsets: *mut rdsys::rd_kafka_topic_partition_list_t,
        group: *mut rdsys::rd_kafka_consumer_group_metadata_t,
    ) -> Result<(), TransactionRefusal> {
        // SAFETY: the client lives, and the caller has list and group.
        self.transactional(Deed::Read, unsafe {
            rdsys::rd_kafka_send_offsets_to_transaction(
                self.core().client(),
                offsets,
                group,
                TRANSACTION_TIMEOUT,
            )
        })
    }

    /// Delivers what is queued and commits; blocks, at most for the transaction's timeout.
    pub(crate) fn commit_transaction(&self) -> Result<(), TransactionRefusal> {
        // SAFETY: the client lives.
        self.transactional(Deed::Write, unsafe {
            rdsys::rd_kafka_commit_transaction(self.core().client(), TRANSACTION_TIMEOUT)
        })
    }

    /// Gives up what is queued and aborts; blocks.
    pub(crate) fn abort_transaction(&self, timeout: Duration) -> Result<(), TransactionRefusal> {
        // SAFETY: the client lives.
        self.transactional(Deed::Write, unsafe {
            rdsys::rd_kafka_abort_transaction(self.core().client(), millis(timeout))
        })
    }

    fn transactional(
        &self,
        deed: Deed,
        error: *mut rdsys::rd_kafka_error_t,
    ) -> Result<(), TransactionRefusal> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the error is ours, read before it is destroyed.
        let mut refusal = unsafe {
            let severity = if rdsys::rd_kafka_error_is_fatal(error) != 0 {
                Severity::Fatal
            } else if rdsys::rd_kafka_error_txn_requires_abort(error) != 0 {
                Severity::Abort
            } else if rdsys::rd_kafka_error_is_retriable(error) != 0 {
                Severity::Retriable
            } else {
                Severity::Other
            };
            let refusal = TransactionRefusal {
                code: ErrorCode::of(rdsys::rd_kafka_error_code(error)),
                reason: text(rdsys::rd_kafka_error_string(error)),
                severity,
                missing: None,
            };
            rdsys::rd_kafka_error_destroy(error);
            refusal
        };
        if let Some(code) = self.core().fatal_code() {
            refusal.severity = Severity::Fatal;
            if !refusal.code.is_fenced() {
                refusal.code = code;
            }
        }
        refusal.missing = self
            .core()
            .missing_right(refusal.code, deed, "")
            .map(Box::new);
        Err(refusal)
    }
}
