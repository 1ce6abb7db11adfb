//! A source that does what the test says, and a loop that runs on it.

mod plan;
mod rig;
mod source;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

pub(super) use self::plan::{Plan, endpoint};
pub(super) use self::rig::Rig;
use crate::client::{CommitError, CommitOffset, Signal, Slot, SourceEvent};
use crate::record::{OwnedRecord, Record};

/// What the source does next, and what the loop asked of it.
#[derive(Default)]
pub(super) struct State {
    queues: Vec<VecDeque<Record>>,
    filled: Vec<Slot>,
    events: Vec<SourceEvent>,
    /// Answers that wait while commits are held.
    held: Vec<(u64, Vec<CommitOffset>)>,
    pub(super) hold_commits: bool,
    /// Commits are refused with this.
    pub(super) refuse_commits: Option<CommitError>,
    pub(super) refuse_seeks: bool,
    pub(super) commit_start: bool,
    /// What the group has noted beside the offset of every partition.
    pub(super) found: Option<String>,
    /// What was noted by commits, in order.
    pub(super) noted: Vec<(Slot, i64, String)>,
    /// What the loop did, in order.
    pub(super) calls: Vec<Call>,
    pub(super) reads: usize,
    /// How often brokers were woken.
    pub(super) wakes: usize,
    /// What the group has committed by transactions, as the broker tells it.
    pub(super) committed: Vec<(Slot, i64)>,
    /// The end of every partition, as a fetch has told it.
    pub(super) known_end: Option<i64>,
    closed: bool,
}

/// Something that the loop asked of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    Assign(Vec<Slot>),
    Unassign(Vec<Slot>),
    Commit(Slot, i64),
    Seek(Slot, i64),
    Close,
}

/// The test's side of the source.
#[derive(Clone)]
pub(super) struct Script {
    state: Arc<Mutex<State>>,
    signal: Arc<Signal>,
    changed: Arc<watch::Sender<()>>,
}

impl Script {
    fn new() -> Self {
        Self {
            state: Arc::default(),
            signal: Arc::default(),
            changed: Arc::new(watch::Sender::new(())),
        }
    }

    /// Puts records of these offsets into a partition's queue.
    pub(super) fn fill(&self, slot: Slot, offsets: std::ops::Range<i64>) {
        self.fill_with(slot, offsets.map(|offset| (offset, None)));
    }

    /// The same with keys.
    pub(super) fn fill_with<'k>(
        &self,
        slot: Slot,
        records: impl IntoIterator<Item = (i64, Option<&'k str>)>,
    ) {
        let partition = i32::try_from(slot).unwrap();
        let record = |(offset, key): (i64, Option<&str>)| {
            let mut record = OwnedRecord::new("t", partition, offset);
            record.key = key.map(Into::into);
            record.payload = Some(vec![0; 100]);
            Record::from(record)
        };
        let mut state = self.state.lock();
        let index = slot as usize;
        if state.queues.len() <= index {
            state.queues.resize_with(index + 1, VecDeque::new);
        }
        state.queues[index].extend(records.into_iter().map(record));
        state.filled.push(slot);
        drop(state);
        self.signal.raise();
    }

    pub(super) fn event(&self, event: SourceEvent) {
        self.state.lock().events.push(event);
        self.signal.raise();
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock())
    }

    /// Answers the commits that were held.
    pub(super) fn answer_commits(&self) {
        self.answer_commits_with(&Ok(()));
    }

    pub(super) fn answer_commits_with(&self, result: &Result<(), CommitError>) {
        let held = self.with(|state| std::mem::take(&mut state.held));
        for (id, _) in held {
            let result = result.clone();
            self.event(SourceEvent::Committed { id, result });
        }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.state.lock().calls.clone()
    }

    /// Waits until the loop has asked for this.
    pub(super) async fn called(&self, call: &Call) {
        let mut changed = self.changed.subscribe();
        let found = async {
            while !self.state.lock().calls.contains(call) {
                changed.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(60), found).await;
        assert!(found.is_ok(), "no {call:?} among {:?}", self.calls());
    }

    fn note(&self, calls: impl IntoIterator<Item = Call>) {
        self.state.lock().calls.extend(calls);
        self.changed.send_replace(());
    }
}
