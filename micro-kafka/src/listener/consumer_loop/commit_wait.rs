//! A commit that is waited for.

use std::time::Duration;

use tokio::time::Instant;

/// How long the commit of a revocation may take.
const COMMIT: Duration = Duration::from_secs(5);

/// A commit that has to be answered before anything else.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommitWait {
    pub(super) id: u64,
    pub(super) until: Instant,
    pub(super) state: CommitState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommitState {
    Sent,
    Answered,
    /// Refused; it may be sent again at this moment.
    Refused(Instant),
}

impl CommitWait {
    pub(super) fn new(id: u64) -> Self {
        Self {
            id,
            until: Instant::now() + COMMIT,
            state: CommitState::Sent,
        }
    }

    pub(super) fn is_over(self) -> bool {
        self.state == CommitState::Answered || Instant::now() >= self.until
    }
}
