//! What became of the records of one call.

use crate::error::ListenerError;

/// What became of the records of one call.
#[derive(Debug)]
pub enum BatchOutcome {
    /// All are done.
    Done,
    /// All failed by the same error.
    Failed(ListenerError),
    /// By their order: each one's failure, if it failed.
    Each(Vec<Option<ListenerError>>),
}

impl BatchOutcome {
    /// The outcome of one record.
    #[must_use]
    pub fn failure(&self, index: usize) -> Option<&ListenerError> {
        match self {
            Self::Done => None,
            Self::Failed(error) => Some(error),
            Self::Each(failures) => failures.get(index)?.as_ref(),
        }
    }
}
