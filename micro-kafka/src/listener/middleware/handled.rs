//! What an attempt comes to, as layers see it.

use std::error::Error;
use std::fmt;

use crate::error::{BoxError, ListenerError};
use crate::listener::{BatchOutcome, Finished};

/// A handler has ended: its record is done, or what became of each record of its batch.
#[derive(Debug, Default)]
pub struct Handled(Vec<Option<ListenerError>>);

/// A handler that failed, as an error: of a batch, for all its records.
#[derive(Debug)]
pub struct AttemptFailed(ListenerError);

impl Handled {
    /// All is done: what a layer returns that does not call the handler.
    #[must_use]
    pub fn done() -> Self {
        Self::default()
    }

    /// The failures of single records of a batch.
    pub fn failures(&self) -> impl Iterator<Item = &ListenerError> {
        self.0.iter().flatten()
    }

    pub(super) fn of(finished: Finished) -> Result<Self, AttemptFailed> {
        let failed = |error| Err(AttemptFailed(error));
        match finished.into_outcome() {
            BatchOutcome::Done => Ok(Self::done()),
            BatchOutcome::Failed(error) => failed(error),
            BatchOutcome::Each(failures) => Ok(Self(failures)),
        }
    }

    /// The same, with the failures of records that the handler did not see in between: `unseen` has
    /// all records by their order, without a failure those that it did see.
    pub(super) fn with_unseen(
        unseen: Vec<Option<ListenerError>>,
        seen: Result<Self, BoxError>,
    ) -> Self {
        let outcome = Self::outcome(seen);
        let mut seen = (0..).map(|index| outcome.failure(index).cloned());
        let each = unseen.into_iter();
        Self(
            each.map(|failure| failure.or_else(|| seen.next().flatten()))
                .collect(),
        )
    }

    /// What became of the records of an attempt.
    pub(super) fn outcome(result: Result<Self, BoxError>) -> BatchOutcome {
        match result {
            Ok(Self(failures)) if failures.is_empty() => BatchOutcome::Done,
            Ok(Self(failures)) => BatchOutcome::Each(failures),
            Err(error) => BatchOutcome::Failed(match error.downcast::<AttemptFailed>() {
                Ok(failed) => failed.0,
                Err(error) => ListenerError::from_layer(error),
            }),
        }
    }
}

impl AttemptFailed {
    pub(crate) fn new(error: ListenerError) -> Self {
        Self(error)
    }

    /// The handler's failure.
    #[must_use]
    pub fn failure(&self) -> &ListenerError {
        &self.0
    }
}

impl fmt::Display for AttemptFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for AttemptFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.error().source()
    }
}
