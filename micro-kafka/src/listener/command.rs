//! What a container asks of its consumers' loops.

use tokio::sync::oneshot;

use super::PartitionProgress;
use super::seek::SeekRequest;

/// A request to one loop.
#[derive(Debug)]
pub(super) enum Command {
    /// Finish what is in flight, commit, leave the group.
    Stop,
    /// The same without waiting for handlers.
    Abandon,
    /// The runtime ends: go as you are, and ask for no timer.
    RuntimeEnds,
    /// Look again at what is paused.
    Paused,
    /// Go on with what is parked.
    Unpark,
    /// Read on from elsewhere.
    Seek(SeekRequest),
    /// Tell how far every partition is.
    Progress(oneshot::Sender<Vec<PartitionProgress>>),
    /// Answer when everything that is on the broker now is finished or waits on the clock, and how
    /// far every partition is at that moment.
    Quiet(oneshot::Sender<Vec<PartitionProgress>>),
}

/// What became of the records that were in flight when a container was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StopReport {
    /// Records whose handlers came to an end in time.
    pub drained: usize,
    /// Records that were given up, uncommitted: they will be delivered again.
    pub abandoned: usize,
}

impl std::ops::AddAssign for StopReport {
    fn add_assign(&mut self, other: Self) {
        self.drained += other.drained;
        self.abandoned += other.abandoned;
    }
}
