//! The right to acknowledge a record.

use std::sync::Arc;
use std::time::Duration;

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::{
    AckToken, BootCheck, ConsumerContext, Delivery, LateAcknowledgment, Verdict,
};

/// The right to acknowledge the record, in the ack modes `manual` and `manual-immediate`; may be
/// moved to another task, and used in any order.
///
/// Offsets are committed in order: a record that is never acknowledged holds back all later ones
/// of its partition, and is delivered again after a restart or rebalance.
#[derive(Debug)]
#[must_use = "a record that is not acknowledged is never committed"]
pub struct Acknowledgment {
    token: AckToken,
    consumer: Arc<ConsumerContext>,
}

impl Acknowledgment {
    /// Marks the record as done; its offset is committed with the next commit.
    ///
    /// Where the partition was given up meanwhile this is without effect, and the log says so: the
    /// record is then delivered again. [`Self::try_acknowledge`] tells the caller.
    pub fn acknowledge(self) {
        warn_if_late(self.try_acknowledge());
    }

    /// Marks the record as done; its offset is committed with the next commit.
    ///
    /// # Errors
    /// If the partition was given up, or the listener stopped: the record is delivered again. A
    /// partition may still be lost before the commit.
    pub fn try_acknowledge(self) -> Result<(), LateAcknowledgment> {
        self.consumer.settle(self.token, Verdict::Done)
    }

    /// Has the record delivered again after `delay`. The later records of its lane wait for it; other
    /// lanes and partitions do not.
    ///
    /// Called after the handler has ended, the record is read again from the broker, and later
    /// ones that began meanwhile keep their start.
    pub fn nack(self, delay: Duration) {
        warn_if_late(self.try_nack(delay));
    }

    /// As [`Self::nack`].
    ///
    /// # Errors
    /// If the partition was given up, or the listener stopped: the record is delivered again
    /// anyhow.
    pub fn try_nack(self, delay: Duration) -> Result<(), LateAcknowledgment> {
        self.consumer.settle(self.token, Verdict::Again(delay))
    }
}

fn warn_if_late(told: Result<(), LateAcknowledgment>) {
    if let Err(late) = told {
        tracing::warn!("{late}");
    }
}

impl FromRecord<'_> for Acknowledgment {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Ok(Self {
            token: delivery.token,
            consumer: Arc::clone(&delivery.consumer),
        })
    }

    fn check(boot: &mut BootCheck<'_>) {
        boot.acknowledges();
        if !boot.ack_mode().is_manual() {
            boot.problem(
                "an `Acknowledgment` needs ack mode `manual`: write `ack_mode = \"manual\"`, or leave the argument out",
            );
        }
    }
}
