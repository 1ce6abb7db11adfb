//! Sending in the transaction of the record.

use std::ops::Deref;

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::{BootCheck, Delivery, FromBatch, Undecoded};
use crate::template::{KafkaTemplate, Transaction};

/// Sends in the transaction of a transactional listener; owned, and cheap to clone.
///
/// What it sends is staged, and becomes visible together with the offset of the record, once the
/// record and all before it are finished. If the handler fails, it is dropped. After the handler
/// has ended it takes no more.
///
/// ```
/// use micro_kafka::prelude::*;
///
/// #[kafka_listener(topics = "payments", group_id = "ledger", transactional)]
/// async fn post(payment: &str, tx: Tx) -> Result<(), KafkaError> {
///     tx.send("debits", payment).await?;
///     tx.send("credits", payment).await
/// }
/// ```
///
/// A batch's is one for all of its records: what it sends counts if any of them succeeds.
///
/// In a handler that runs without a consumer, as in a test, it sends by the recording
/// [`KafkaTemplate`] of the states.
#[derive(Debug, Clone)]
pub struct Tx(Transaction);

impl Deref for Tx {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        &self.0
    }
}

/// A handler that sends in a transaction, and has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no transaction: the listener is not transactional, or it runs without a consumer and \
     without a recording template"
)]
pub struct NoTransaction;

impl Tx {
    fn of(delivery: &Delivery) -> Result<Self, ListenerError> {
        let recording = || {
            let kafka = delivery.listener().states.get::<KafkaTemplate>()?;
            kafka.recorded_transaction()
        };
        let transaction = delivery.transaction().or_else(recording);
        transaction
            .map(Self)
            .ok_or_else(|| ListenerError::decode(NoTransaction))
    }

    fn check_boot(boot: &mut BootCheck<'_>) {
        if !boot.is_transactional() {
            boot.problem(
                "a `Tx` needs a transactional listener: write `#[kafka_listener(…, transactional)]`, \
                 or take `State<KafkaTemplate>` and send by that",
            );
        }
    }
}

impl FromRecord<'_> for Tx {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Self::of(delivery)
    }

    fn check(boot: &mut BootCheck<'_>) {
        Self::check_boot(boot);
    }
}

impl FromBatch<'_> for Tx {
    fn from_batch(delivery: &Delivery, _: &mut Undecoded) -> Result<Self, ListenerError> {
        Self::of(delivery)
    }

    fn check(boot: &mut BootCheck<'_>) {
        Self::check_boot(boot);
    }
}
