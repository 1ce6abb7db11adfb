//! The right to acknowledge a record.

use tokio::sync::mpsc;

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::{AckMode, AckToken, BootCheck, Delivery};

/// The right to acknowledge the record, in ack mode `manual`; may be moved to another task.
///
/// Offsets are committed in order: a record that is never acknowledged holds back all later ones
/// of its partition, and is delivered again after a restart or rebalance.
#[derive(Debug)]
#[must_use = "a record that is not acknowledged is never committed"]
pub struct Acknowledgment {
    token: AckToken,
    acks: mpsc::UnboundedSender<AckToken>,
}

impl Acknowledgment {
    /// Marks the record as done; its offset is committed with the next commit.
    ///
    /// Does nothing if the partition was taken away or the container stopped meanwhile: the record
    /// is then delivered again.
    pub fn acknowledge(self) {
        // A closed channel is a stopped container.
        let _ = self.acks.send(self.token);
    }
}

impl FromRecord<'_> for Acknowledgment {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Ok(Self {
            token: delivery.token,
            acks: delivery.consumer.acks.clone(),
        })
    }

    fn check(boot: &mut BootCheck<'_>) {
        boot.acknowledges();
        if boot.ack_mode() != AckMode::Manual {
            boot.problem(
                "an `Acknowledgment` needs ack mode `manual`: write `ack_mode = \"manual\"`, or leave the argument out",
            );
        }
    }
}
