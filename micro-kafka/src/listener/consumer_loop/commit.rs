//! What is finished, told to the broker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ConsumerLoop;
use crate::client::{ClientError, CommitError, CommitOffset, RecordSource, Slot};
use crate::listener::AckMode;
use crate::listener::ledger::Position;

/// The wait before a failed commit is sent again.
const HOLD: Duration = Duration::from_secs(1);

/// The commits of a loop. One is under way at a time, so that commits never pile up; what is
/// finished meanwhile goes into the next.
#[derive(Debug)]
pub(super) struct Commits {
    next_id: u64,
    pub(super) under_way: Option<(u64, Vec<Sent>)>,
    pub(super) dirty: Vec<Slot>,
    finished: usize,
    last: Instant,
    /// Whether the next one waits for its time on the framework's clock.
    scheduled: bool,
    /// Real time: it is the broker that needs the pause.
    held_until: Option<tokio::time::Instant>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    slot: Slot,
    epoch: u32,
    offset: i64,
}

impl Commits {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next_id: 1,
            under_way: None,
            dirty: Vec::new(),
            finished: 0,
            last: now,
            scheduled: false,
            held_until: None,
        }
    }

    /// Whether the broker knows all that it will be told before the clock moves.
    pub(super) fn is_settled(&self) -> bool {
        self.under_way.is_none() && (self.dirty.is_empty() || self.scheduled)
    }

    pub(super) fn new_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Notes that a record needs no more work.
    pub(super) fn finish(&mut self, slot: Slot, offset: i64) {
        if self.transactions.is_some() {
            return self.stage(slot, offset);
        }
        let limits = self.limits();
        let Some(partition) = self
            .partitions
            .get_mut(slot as usize)
            .and_then(Option::as_mut)
        else {
            return;
        };
        if partition.ledger.finish(offset) {
            partition.recheck_full(limits);
            self.commits.finished += 1;
            if !partition.dirty {
                partition.dirty = true;
                self.commits.dirty.push(slot);
            }
        }
    }

    /// The same of a run of records, one after the other, where nothing else was unfinished.
    pub(super) fn pass(&mut self, slot: Slot, position: Position, records: usize) {
        let partition = self.partitions.get_mut(slot as usize);
        let Some(partition) = partition.and_then(Option::as_mut) else {
            return;
        };
        partition.ledger.pass(position);
        self.commits.finished += records;
        if !partition.dirty {
            partition.dirty = true;
            self.commits.dirty.push(slot);
        }
    }

    /// Commits even though no record was finished: the start of a fresh group.
    pub(super) fn commit_start(&mut self, slot: Slot, offset: i64) {
        let Some(partition) = self
            .partitions
            .get_mut(slot as usize)
            .and_then(Option::as_mut)
        else {
            return;
        };
        partition.ledger.start_at(offset);
        if self.transactions.is_some() {
            return self.stage_start(slot, offset);
        }
        partition.dirty = true;
        self.commits.dirty.push(slot);
    }

    /// Sends a commit if the mode asks for one now.
    pub(super) fn commit_if_due(&mut self) {
        if self.transactions.is_some() {
            return self.transact_if_due();
        }
        if self.quarantine.as_ref().is_some_and(|it| it.is_marking()) {
            return;
        }
        self.commits.scheduled = false;
        if self.commits.under_way.is_some() || self.commits.dirty.is_empty() {
            self.timers.wake_commit(None);
            return;
        }
        let held = self
            .commits
            .held_until
            .is_some_and(|until| tokio::time::Instant::now() < until);
        if held {
            self.timers.wake_commit(None);
            return;
        }
        let endpoint = &self.seat.endpoint;
        let due = self.commits.last + endpoint.auto_commit.unwrap_or(endpoint.commit_interval);
        if self.commit_is_due(due) {
            self.timers.wake_commit(None);
            self.send_commit();
        } else {
            self.commits.scheduled = true;
            let by_time = endpoint.auto_commit.is_some() || endpoint.ack_mode != AckMode::Count;
            self.timers.wake_commit(by_time.then_some(due));
        }
    }

    fn commit_is_due(&self, due: Instant) -> bool {
        if self.seat.endpoint.auto_commit.is_some() {
            return self.timers.now() >= due;
        }
        let endpoint = &self.seat.endpoint;
        let counted = self.commits.finished >= endpoint.commit_count;
        match endpoint.ack_mode {
            AckMode::Record | AckMode::ManualImmediate => true,
            AckMode::Time => self.timers.now() >= due,
            AckMode::Count => counted,
            AckMode::CountTime => counted || self.timers.now() >= due,
            AckMode::Batch | AckMode::Manual => {
                let complete = |slot: &Slot| {
                    let partition = self.partitions.get(*slot as usize);
                    let partition = partition.and_then(Option::as_ref);
                    partition.is_none_or(super::Partition::batch_is_complete)
                };
                counted || self.commits.dirty.iter().any(complete) || self.timers.now() >= due
            }
        }
    }

    fn send_commit(&mut self) {
        let mut offsets = Vec::with_capacity(self.commits.dirty.len());
        let mut sent = Vec::with_capacity(self.commits.dirty.len());
        let waits = self.seat.endpoint.sync_commits == Some(true);
        for slot in std::mem::take(&mut self.commits.dirty) {
            let Some(partition) = self.partition(slot) else {
                continue;
            };
            partition.dirty = false;
            let epoch = partition.epoch;
            let position = partition.ledger.to_commit();
            if let Some(position) = position.filter(|p| Some(p.offset) != partition.sent) {
                partition.sent = Some(position.offset);
                partition.committing = waits;
                sent.push(Sent {
                    slot,
                    epoch,
                    offset: position.offset,
                });
                offsets.push(CommitOffset {
                    slot,
                    offset: position.offset,
                    leader_epoch: position.leader_epoch,
                    metadata: self.note_at(slot, position.offset),
                });
            }
        }
        if offsets.is_empty() {
            // Finished out of order: the lanes that wait are waiting for nothing.
            return self.resume_committing();
        }
        self.commits.finished = 0;
        self.commits.last = self.timers.now();
        let id = self.commits.new_id();
        self.counts.commits += 1;
        match self.source.commit(id, &offsets) {
            Ok(()) => self.commits.under_way = Some((id, sent)),
            Err(error) => self.commit_failed(&sent, &error.to_string()),
        }
    }

    /// Takes the answer to a commit; answers to a revocation's or a stop's own are theirs.
    pub(super) fn take_commit_answer(&mut self, id: u64, result: Result<(), CommitError>) {
        if self.take_revocation_answer(id, &result)
            || self.take_stop_answer(id, &result)
            || self.take_quarantine_answer(id, &result)
        {
            return;
        }
        let Some((_, sent)) = self.commits.under_way.take_if(|(other, _)| *other == id) else {
            return;
        };
        match result {
            Ok(()) => {
                self.commit_allowed();
                self.commits.held_until = None;
                for Sent {
                    slot,
                    epoch,
                    offset,
                } in sent
                {
                    if let Some(partition) = self.current(slot, epoch) {
                        partition.committed = Some(offset);
                        partition.committing = false;
                    }
                    self.enqueue(slot);
                }
                self.resume_committing();
            }
            Err(error) => {
                self.note_commit_denied(&error);
                self.commit_failed(&sent, &error.to_string());
            }
        }
    }

    fn commit_failed(&mut self, sent: &[Sent], reason: &str) {
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            reason,
            "a commit failed: records since the last one may be delivered twice"
        );
        self.commits.held_until = Some(tokio::time::Instant::now() + HOLD);
        for Sent { slot, epoch, .. } in sent {
            if let Some(partition) = self.current(*slot, *epoch) {
                partition.sent = None;
                partition.committing = false;
                if !partition.dirty {
                    partition.dirty = true;
                    self.commits.dirty.push(*slot);
                }
            }
        }
        self.resume_committing();
    }

    /// Frees the lanes that waited for a commit which was answered, or will never be sent.
    pub(super) fn resume_committing(&mut self) {
        for slot in (0..).take(self.partitions.len()) {
            let Some(partition) = self.partition(slot) else {
                continue;
            };
            if !partition.dirty && partition.lanes.release_committing() {
                self.enqueue(slot);
            }
        }
    }

    /// Commits what these partitions have finished and the broker does not know yet. `None`: there
    /// is nothing to tell.
    pub(super) fn commit_now(
        &mut self,
        slots: impl Iterator<Item = Slot>,
    ) -> Result<Option<u64>, ClientError> {
        if self.transactions.is_some()
            && let Some(id) = self.hand_over_all()
        {
            return Ok(Some(id));
        }
        let mut offsets = Vec::new();
        for slot in slots {
            let clean = self.note_of_clean_end(slot);
            let by_transactions = self.transactions.is_some();
            let Some(partition) = self.partition(slot) else {
                continue;
            };
            let position = partition.ledger.to_commit().filter(|_| !by_transactions);
            let metadata = clean.as_ref().map(|(_, text)| Arc::clone(text));
            if let Some(position) = position.filter(|p| Some(p.offset) != partition.committed) {
                offsets.push(CommitOffset {
                    slot,
                    offset: position.offset,
                    leader_epoch: position.leader_epoch,
                    metadata,
                });
            } else if let Some((offset, _)) = clean {
                offsets.push(CommitOffset {
                    slot,
                    offset,
                    leader_epoch: -1,
                    metadata,
                });
            }
        }
        if offsets.is_empty() {
            return Ok(None);
        }
        let id = self.commits.new_id();
        self.counts.commits += 1;
        self.source.commit(id, &offsets).map(|()| Some(id))
    }
}
