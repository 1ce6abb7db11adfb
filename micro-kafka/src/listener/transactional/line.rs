//! The thread that commits for one consumer, and the way to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::sync::mpsc::UnboundedSender;

use super::{Outboxes, TransactionSpec};
use crate::template::{Postage, StagedCommitter, StagedTransaction, TransactionError};

/// A transaction to be made.
#[derive(Debug)]
pub(in crate::listener) struct Job {
    pub(in crate::listener) id: u64,
    /// Grows with each failure: what is of the same era as a failed one is not made any more.
    pub(in crate::listener) era: u64,
    pub(in crate::listener) transaction: StagedTransaction,
    pub(in crate::listener) answers: UnboundedSender<Answer>,
}

/// What became of it.
#[derive(Debug)]
pub(in crate::listener) struct Answer {
    pub(in crate::listener) id: u64,
    pub(in crate::listener) result: Result<(), Failed>,
}

/// Why it was not committed.
#[derive(Debug)]
pub(in crate::listener) enum Failed {
    /// One before it failed.
    Superseded,
    Itself(TransactionError),
}

/// The way from a consumer's loop to the thread that commits for it; the thread ends once this is
/// dropped and its last transaction made.
#[derive(Debug)]
pub(in crate::listener) struct TransactionLine {
    pub(in crate::listener) spec: TransactionSpec,
    pub(in crate::listener) outboxes: Arc<Outboxes>,
    jobs: Sender<Job>,
    eras: AtomicU64,
}

impl TransactionLine {
    /// A line to whoever takes the jobs.
    pub(in crate::listener) fn new(
        spec: TransactionSpec,
        postage: Postage,
    ) -> (Self, Receiver<Job>) {
        let (jobs, taken) = channel();
        let line = Self {
            spec,
            outboxes: Arc::new(Outboxes::new(postage)),
            jobs,
            eras: AtomicU64::new(0),
        };
        (line, taken)
    }

    /// A line to a thread of its own.
    pub(in crate::listener) fn start(
        spec: TransactionSpec,
        postage: Postage,
        committer: StagedCommitter,
        name: String,
    ) -> std::io::Result<Self> {
        let (line, jobs) = Self::new(spec, postage);
        let thread = std::thread::Builder::new().name(name);
        thread.spawn(move || serve(committer, &jobs))?;
        Ok(line)
    }

    /// A new era.
    pub(in crate::listener) fn next_era(&self) -> u64 {
        self.eras.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Has a transaction made after those before it.
    pub(in crate::listener) fn send(&self, job: Job) {
        if let Err(unsent) = self.jobs.send(job) {
            let Job { id, answers, .. } = unsent.0;
            let result = Err(Failed::Itself(TransactionError::Closed));
            let _ = answers.send(Answer { id, result });
        }
    }
}

fn serve(mut committer: StagedCommitter, jobs: &Receiver<Job>) {
    if let Err(error) = committer.connect() {
        tracing::warn!(%error, "a listener's transactional producers are not ready yet");
    }
    let mut failed = 0;
    while let Ok(job) = jobs.recv() {
        let result = if job.era <= failed {
            Err(Failed::Superseded)
        } else {
            committer.commit(&job.transaction).map_err(|error| {
                failed = job.era;
                Failed::Itself(error)
            })
        };
        let broke = matches!(result, Err(Failed::Itself(_)));
        let _ = job.answers.send(Answer { id: job.id, result });
        // What a lost producer has left open keeps the committed offsets from being told.
        if broke && let Err(error) = committer.connect() {
            tracing::warn!(%error, "a listener's transactional producer cannot be replaced yet");
        }
    }
}
