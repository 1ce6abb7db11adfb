//! One delivery of one record to one handler.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;

use super::batch::{BatchOutcome, Companions};
use super::middleware::TimeLimit;
use super::{
    AckToken, CancelWatch, ConsumerContext, HandlerSlot, LateAcknowledgment, ListenerContext,
    Started, Verdict,
};
use crate::codec::PayloadSource;
use crate::error::{FailureHistory, ListenerError};
use crate::idempotent::Given;
use crate::observe::AttemptTrace;
use crate::record::Record;
use crate::template::{SendBuilder, Transaction};

/// A record on its way through a handler: what extractors read.
///
/// In a box that consumers use again, since it is handed on more often than it is read.
#[derive(Debug)]
pub struct Delivery(Box<DeliveryParts>);

/// What a [`Delivery`] holds.
#[derive(Debug)]
pub struct DeliveryParts {
    pub(crate) record: Record,
    pub(crate) consumer: Arc<ConsumerContext>,
    pub(crate) token: AckToken,
    pub(crate) attempt: u32,
    /// The other records of its batch.
    pub(crate) companions: Option<Box<Companions>>,
    /// Its failures in this process, if it has any.
    pub(crate) history: Option<Box<FailureHistory>>,
    /// How long its handler may take, if that is limited.
    pub(crate) limit: Option<TimeLimit>,
    /// What the claim of its key gives to the handler's arguments.
    pub(crate) given: Option<Box<Given>>,
    /// The attempt in its trace, if its listener has spans.
    pub(crate) trace: Option<Arc<AttemptTrace>>,
}

impl Deref for Delivery {
    type Target = DeliveryParts;

    #[inline]
    fn deref(&self) -> &DeliveryParts {
        &self.0
    }
}

impl DerefMut for Delivery {
    #[inline]
    fn deref_mut(&mut self) -> &mut DeliveryParts {
        &mut self.0
    }
}

impl DeliveryParts {
    /// Whether nothing but the record sets it apart from others of its consumer.
    #[inline]
    fn is_bare(&self) -> bool {
        self.companions.is_none()
            & self.history.is_none()
            & self.limit.is_none()
            & self.given.is_none()
            & self.trace.is_none()
    }
}

impl Delivery {
    /// The first delivery of a record.
    pub(crate) fn new(record: Record, consumer: Arc<ConsumerContext>, token: AckToken) -> Self {
        Self(Box::new(DeliveryParts {
            record,
            consumer,
            token,
            attempt: 1,
            companions: None,
            history: None,
            limit: None,
            given: None,
            trace: None,
        }))
    }

    /// The same in the memory of a delivery of that consumer which is done with; gives back the
    /// record of that one.
    #[inline]
    pub(crate) fn renew(&mut self, record: Record, token: AckToken) -> Record {
        let parts = &mut *self.0;
        parts.token = token;
        parts.attempt = 1;
        if !parts.is_bare() {
            (parts.companions, parts.history) = (None, None);
            (parts.limit, parts.given, parts.trace) = (None, None, None);
        }
        std::mem::replace(&mut parts.record, record)
    }

    /// Gives the record up, and keeps the memory.
    pub(crate) fn release(&mut self) -> Record {
        let token = self.token;
        self.renew(Record::none(), token)
    }

    /// Its record and its failures, without all the rest.
    pub(crate) fn into_record(self) -> (Record, Option<Box<FailureHistory>>) {
        (self.0.record, self.0.history)
    }

    /// The record.
    #[must_use]
    #[inline]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The record as payload formats see it.
    #[must_use]
    #[inline]
    pub fn source(&self) -> PayloadSource<'_> {
        PayloadSource::of(&self.record, &self.listener().states).within(self.consumer.limits)
    }

    /// The listener that handles it.
    #[must_use]
    #[inline]
    pub fn listener(&self) -> &ListenerContext {
        &self.consumer.listener
    }

    /// Acknowledges the record: in the manual modes of [`AckMode`](super::AckMode) its offset may be
    /// committed once all before it are acknowledged too. Does nothing in the other modes.
    ///
    /// # Errors
    /// If its partition was given up meanwhile.
    pub fn acknowledge(&self) -> Result<(), LateAcknowledgment> {
        self.consumer.settle(self.token, Verdict::Done)
    }

    /// What sends in the transaction of the record, if its listener is transactional: handlers have
    /// it as [`Tx`](crate::extract::Tx), recoverers publish by it.
    #[must_use]
    pub fn transaction(&self) -> Option<Transaction> {
        let AckToken { slot, offset, .. } = self.token;
        let outboxes = self.consumer.outboxes.as_ref()?;
        Some(outboxes.transaction(slot, offset))
    }

    /// A copy of the record in its transaction, if there is one: to a topic as the broker knows it,
    /// on the partition that the copy names if the topic has it.
    pub(crate) fn copy_in_transaction(&self, topic: &str) -> Option<SendBuilder> {
        let AckToken { slot, offset, .. } = self.token;
        let outboxes = self.consumer.outboxes.as_ref()?;
        Some(outboxes.copy(slot, offset, topic, self.record.payload()))
    }

    /// Tells this assignment of the record's partition from all others in the process.
    pub(crate) fn assignment_epoch(&self) -> u64 {
        self.consumer.epoch_of(self.token.epoch)
    }

    /// What the claim of its key gives, if it is of that type.
    #[cfg(feature = "sqlx")]
    pub(crate) fn given<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let given = self.given.as_deref()?;
        Arc::clone(given).downcast().ok()
    }

    /// Tells when the work is called off.
    pub(crate) fn cancel(&self) -> CancelWatch {
        let AckToken { slot, epoch, .. } = self.token;
        let watch = self.consumer.cancel.watch(slot, epoch);
        watch.within(self.limit.clone())
    }

    /// The same delivery twice: both hold the same records.
    pub(crate) fn share(self) -> (Self, Self) {
        let parts = *self.0;
        let (record, other) = parts.record.share();
        let (companions, others) = match parts.companions.map(|companions| *companions) {
            Some(Companions::Batch { rest, .. }) => {
                let (rest, others) = rest.into_iter().map(Self::share).unzip();
                (
                    Some(Companions::batch(rest)),
                    Some(Companions::batch(others)),
                )
            }
            left => (left.map(Box::new), None),
        };
        let mut same = Self::new(other, Arc::clone(&parts.consumer), parts.token);
        same.attempt = parts.attempt;
        same.companions = others;
        same.history.clone_from(&parts.history);
        let this = DeliveryParts {
            record,
            companions,
            ..parts
        };
        (Self(Box::new(this)), same)
    }

    /// What the record went through up to this failure of it.
    #[must_use]
    pub fn history(&self, error: &ListenerError) -> FailureHistory {
        let history = self.history.as_deref().copied();
        history.unwrap_or_else(|| FailureHistory::begin(error))
    }

    /// Notes a failure.
    pub(crate) fn failed(&mut self, error: &ListenerError) {
        match &mut self.history {
            Some(history) => history.failed_again(error),
            None => self.history = Some(Box::new(FailureHistory::begin(error))),
        }
    }

    /// Which delivery of the record this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// A delivery that its handler is done with, and how it went.
#[derive(Debug)]
pub struct Finished {
    /// The delivery, given back for a retry or the recoverer.
    pub delivery: Delivery,
    /// Whether the handler succeeded.
    pub result: Result<(), ListenerError>,
}

impl Finished {
    /// The end of a delivery, of one record or of a batch.
    pub(crate) fn from_outcome(mut delivery: Delivery, outcome: BatchOutcome) -> Self {
        if delivery.companions.is_some() {
            delivery.set_outcome(outcome);
            let result = Ok(());
            return Self { delivery, result };
        }
        let result = match outcome {
            BatchOutcome::Done => Ok(()),
            BatchOutcome::Failed(error) => Err(error),
            BatchOutcome::Each(failures) => {
                failures.into_iter().flatten().next().map_or(Ok(()), Err)
            }
        };
        Self { delivery, result }
    }

    /// What became of its records.
    pub(crate) fn into_outcome(self) -> BatchOutcome {
        match (self.delivery.0.companions.map(|all| *all), self.result) {
            (Some(Companions::Batch { outcome, .. }), Ok(())) => outcome,
            (_, Ok(())) => BatchOutcome::Done,
            (_, Err(error)) => BatchOutcome::Failed(error),
        }
    }
}

/// A handler at work. It owns its delivery, catches panics, and always gives the delivery back.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// Starts a handler in a slot.
pub type Invoke = fn(Delivery, &mut HandlerSlot) -> Started;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_from_place_to_place_fits_into_two_registers() {
        assert_eq!(size_of::<Finished>(), 2 * size_of::<usize>());
        assert!(size_of::<Started>() <= 3 * size_of::<usize>());
    }
}
