//! The other records of a batch, on their way with the first one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::BatchOutcome;
use crate::error::{ListenerError, Way};
use crate::listener::{Delivery, Finished};
use crate::observe::AttemptTrace;

/// What goes with the first record of a batch.
#[derive(Debug)]
pub(crate) enum Companions {
    /// Handed to the handler together with it.
    Batch {
        rest: Vec<Delivery>,
        /// What became of all of them, once the handler is done.
        outcome: BatchOutcome,
    },
    /// Failed in the same call: they wait until it is recovered.
    Left(Left),
}

/// The failed records of a batch. They are recovered first, one after the other, and what is to be
/// tried again is the next batch.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) recover: VecDeque<(Delivery, ListenerError, Way)>,
    pub(crate) retry: Vec<Delivery>,
    pub(crate) delay: Duration,
    /// Whether what is to be tried again waits until somebody asks for it.
    pub(crate) parked: bool,
}

impl Companions {
    pub(crate) fn batch(rest: Vec<Delivery>) -> Box<Self> {
        Box::new(Self::Batch {
            rest,
            outcome: BatchOutcome::Done,
        })
    }
}

impl Delivery {
    /// The first record of several, as one delivery; `None` if there is none.
    pub(crate) fn of_batch(records: Vec<Self>) -> Option<Self> {
        let mut records = records.into_iter();
        let mut head = records.next()?;
        head.companions = Some(Companions::batch(records.collect()));
        Some(head)
    }

    /// The deliveries of a batch, in their order; of a single record, itself.
    pub fn batch(&self) -> impl Iterator<Item = &Self> {
        let rest = match self.companions.as_deref() {
            Some(Companions::Batch { rest, .. }) => rest.as_slice(),
            Some(Companions::Left(_)) | None => &[],
        };
        std::iter::once(self).chain(rest)
    }

    /// Says of each record of a batch in which attempt it is.
    pub(crate) fn set_trace(&mut self, trace: &Arc<AttemptTrace>) {
        if let Some(Companions::Batch { rest, .. }) = self.companions.as_deref_mut() {
            for other in rest {
                other.trace = Some(trace.of(&other.record));
            }
        }
        self.trace = Some(Arc::clone(trace));
    }

    /// Notes what became of a batch.
    pub(crate) fn set_outcome(&mut self, became: BatchOutcome) {
        match self.companions.as_deref_mut() {
            Some(Companions::Batch { outcome, .. }) => *outcome = became,
            Some(Companions::Left(_)) | None => {
                self.companions = Some(Box::new(Companions::Batch {
                    rest: Vec::new(),
                    outcome: became,
                }));
            }
        }
    }

    /// Takes the other records of a batch, if all of it succeeded.
    pub(crate) fn take_rest_of_success(&mut self) -> Option<Vec<Self>> {
        let succeeded = |companions: &mut Box<Companions>| {
            let outcome = match &**companions {
                Companions::Batch { outcome, .. } => outcome,
                Companions::Left(_) => return false,
            };
            matches!(outcome, BatchOutcome::Done)
        };
        match *self.companions.take_if(succeeded)? {
            Companions::Batch { rest, .. } => Some(rest),
            Companions::Left(_) => None,
        }
    }

    /// Takes a batch apart: each delivery, and its failure.
    pub(crate) fn outcomes(mut self) -> Vec<(Self, Option<ListenerError>)> {
        let Some(companions) = self.companions.take() else {
            return vec![(self, None)];
        };
        let Companions::Batch { rest, outcome } = *companions else {
            return vec![(self, None)];
        };
        let deliveries = std::iter::once(self).chain(rest);
        match outcome {
            BatchOutcome::Done => deliveries.map(|delivery| (delivery, None)).collect(),
            BatchOutcome::Failed(error) => deliveries
                .map(|delivery| (delivery, Some(error.clone())))
                .collect(),
            BatchOutcome::Each(failures) => {
                let failures = failures.into_iter().chain(std::iter::repeat_with(|| None));
                deliveries.zip(failures).collect()
            }
        }
    }
}

impl Finished {
    /// A batch of one record as if it had come alone.
    pub(crate) fn of_one(mut self) -> Self {
        match self.delivery.companions.as_deref_mut() {
            Some(Companions::Batch { rest, outcome }) if rest.is_empty() => {
                let failure = outcome.failure(0).cloned();
                self.delivery.companions = None;
                Self {
                    result: failure.map_or(Ok(()), Err),
                    ..self
                }
            }
            _ => self,
        }
    }
}
