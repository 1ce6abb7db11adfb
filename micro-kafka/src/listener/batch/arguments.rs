//! The arguments of a batch listener.

use std::sync::Arc;
use std::time::Duration;

use super::{Batch, BatchOutcome};
use crate::error::ListenerError;
use crate::extract::{Cancel, FromRecord, Info, Meta, State};
use crate::listener::{
    AckToken, BootCheck, ConsumerContext, Delivery, LateAcknowledgment, PartitionControl, Verdict,
};

/// An argument of a `#[kafka_listener(…, batch)]` function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a batch listener",
    label = "no such argument",
    note = "what each record has is taken in the batch: `Batch<Json<T>>`, `Batch<(Json<T>, Key<&str>, Meta)>`",
    note = "beside it there are `State<T>`, `Cancel`, `PartitionControl`, `Info` and, in ack mode `manual`, `Acknowledgments`"
)]
pub trait FromBatch<'r>: Sized {
    /// Takes the argument of all records of `delivery`; those that have none are noted.
    ///
    /// # Errors
    /// If the whole batch cannot be handled.
    fn from_batch(delivery: &'r Delivery, undecoded: &mut Undecoded)
    -> Result<Self, ListenerError>;

    /// Says what is missing before anything starts.
    fn check(boot: &mut BootCheck<'_>) {
        let _ = boot;
    }
}

/// The records of a batch that its handler does not see, because they cannot be read.
#[derive(Debug, Default)]
pub struct Undecoded {
    failures: Vec<(usize, ListenerError)>,
    records: usize,
}

impl Undecoded {
    /// Nothing so far.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether the handler would see nothing.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.records > 0 && self.failures.len() == self.records
    }

    /// The outcome of all records, from that of those which the handler saw.
    #[must_use]
    pub fn with(self, outcome: BatchOutcome) -> BatchOutcome {
        if self.failures.is_empty() {
            return outcome;
        }
        let mut seen = (0..).map(|index| outcome.failure(index).cloned());
        let mut failures = self.failures.into_iter().peekable();
        let each = (0..self.records).map(|at| {
            let undecoded = failures.next_if(|(index, _)| *index == at);
            match undecoded {
                Some((_, error)) => Some(error),
                None => seen.next().flatten(),
            }
        });
        BatchOutcome::Each(each.collect())
    }
}

impl<'r, A: FromRecord<'r>> FromBatch<'r> for Batch<A> {
    fn from_batch(
        delivery: &'r Delivery,
        undecoded: &mut Undecoded,
    ) -> Result<Self, ListenerError> {
        let mut batch = Self::default();
        for (index, delivery) in delivery.batch().enumerate() {
            undecoded.records = index + 1;
            match A::from_record(delivery) {
                Ok(value) => batch.push(value, Meta::from_record(delivery)?, delivery.attempt()),
                Err(error) if error.lookup().is_some() => return Err(error),
                Err(error) => undecoded.failures.push((index, error)),
            }
        }
        Ok(batch)
    }

    fn check(boot: &mut BootCheck<'_>) {
        A::check(boot);
    }
}

impl<'r, T: Clone + Send + Sync + 'static> FromBatch<'r> for State<T> {
    fn from_batch(delivery: &'r Delivery, _: &mut Undecoded) -> Result<Self, ListenerError> {
        Self::from_record(delivery)
    }

    fn check(boot: &mut BootCheck<'_>) {
        <Self as FromRecord<'r>>::check(boot);
    }
}

impl FromBatch<'_> for Cancel {
    fn from_batch(delivery: &Delivery, _: &mut Undecoded) -> Result<Self, ListenerError> {
        Self::from_record(delivery)
    }
}

impl FromBatch<'_> for Info {
    fn from_batch(delivery: &Delivery, _: &mut Undecoded) -> Result<Self, ListenerError> {
        Self::from_record(delivery)
    }
}

impl FromBatch<'_> for PartitionControl {
    fn from_batch(delivery: &Delivery, _: &mut Undecoded) -> Result<Self, ListenerError> {
        Self::from_record(delivery)
    }
}

/// The right to acknowledge the records of a batch, in ack mode `manual`; may be moved to another
/// task.
#[derive(Debug)]
#[must_use = "records that are not acknowledged are never committed"]
pub struct Acknowledgments {
    tokens: Vec<AckToken>,
    consumer: Arc<ConsumerContext>,
}

impl Acknowledgments {
    /// Marks all records as done, those included that could not be read.
    ///
    /// Where their partitions were given up meanwhile this is without effect, and the log says so:
    /// they are then delivered again. [`Self::try_acknowledge`] tells the caller.
    pub fn acknowledge(self) {
        warn_if_late(self.try_acknowledge());
    }

    /// Marks all records as done, those included that could not be read.
    ///
    /// # Errors
    /// The first of them whose partition was given up: such records are delivered again.
    pub fn try_acknowledge(self) -> Result<(), LateAcknowledgment> {
        self.settle(|_| Some(Verdict::Done))
    }

    /// Marks the records up to this one, which is among them, as done. The rest can be acknowledged
    /// later.
    pub fn acknowledge_up_to(&mut self, record: &Meta) {
        let until = record.offset();
        warn_if_late(self.settle(|token| (token.offset <= until).then_some(Verdict::Done)));
        self.tokens.retain(|token| token.offset > until);
    }

    /// Marks the records before this one as done, and has it and those after it delivered again
    /// after `delay`, once the handler has ended.
    pub fn nack_from(self, record: &Meta, delay: Duration) {
        warn_if_late(self.settle(|token| {
            let done = token.offset < record.offset();
            Some(if done {
                Verdict::Done
            } else {
                Verdict::Again(delay)
            })
        }));
    }

    /// Says of each record what `verdict` says, and tells whether one of them is late.
    fn settle(
        &self,
        verdict: impl Fn(&AckToken) -> Option<Verdict>,
    ) -> Result<(), LateAcknowledgment> {
        let told = self.tokens.iter().filter_map(|token| {
            let verdict = verdict(token)?;
            Some(self.consumer.settle(*token, verdict))
        });
        told.fold(Ok(()), Result::and)
    }
}

fn warn_if_late(told: Result<(), LateAcknowledgment>) {
    if let Err(late) = told {
        tracing::warn!("{late}");
    }
}

impl FromBatch<'_> for Acknowledgments {
    fn from_batch(delivery: &Delivery, _: &mut Undecoded) -> Result<Self, ListenerError> {
        Ok(Self {
            tokens: delivery.batch().map(|delivery| delivery.token).collect(),
            consumer: Arc::clone(&delivery.consumer),
        })
    }

    fn check(boot: &mut BootCheck<'_>) {
        boot.acknowledges();
        if !boot.ack_mode().is_manual() {
            boot.problem(
                "`Acknowledgments` need ack mode `manual`: write `ack_mode = \"manual\"`, or leave the argument out",
            );
        }
    }
}
