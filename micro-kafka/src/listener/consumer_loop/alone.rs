//! Records that run one at a time, each marked before it begins, while it is looked for the one that
//! kills its process.

use std::time::{Duration, Instant};

use super::ConsumerLoop;
use crate::client::{CommitError, CommitOffset, RecordSource, Slot};
use crate::error::{ListenerError, Way};
use crate::listener::CrashedConsumer;
use crate::listener::batch::BatchSpec;
use crate::listener::lane::{Next, Step, Try};
use crate::listener::partition::Start;
use crate::listener::quarantine::now;

/// The wait before a mark that was refused is sent again.
const HOLD: Duration = Duration::from_secs(1);
/// So many records of one partition run in a row, where others wait.
const STREAK: u32 = 16;

/// How far the record is that runs alone.
#[derive(Debug)]
pub(super) enum Stage {
    /// There is none.
    Idle,
    /// It begins once its mark is committed.
    Marking(Commit, Held),
    /// It may begin.
    Marked(Held),
    /// It is at work.
    Running(Slot, u32),
    /// It has ended; the next one begins once its mark is taken away.
    Ending(Commit),
}

/// A commit that is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commit {
    /// `None`: it was refused, and is sent again at that moment.
    id: Result<u64, tokio::time::Instant>,
    slot: Slot,
    epoch: u32,
    offset: i64,
}

/// A record before it begins.
#[derive(Debug)]
pub(super) struct Held {
    slot: Slot,
    epoch: u32,
    record: i64,
    /// `None`: the first of the buffer, as a batch of one.
    start: Option<Start>,
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Runs what may run of a listener that quarantines.
    pub(super) async fn dispatch_watched(&mut self) {
        self.send_openings();
        self.acquit_at_ends();
        if !self.runs_freely() {
            while self.step_alone() {}
        }
        if self.runs_freely() {
            self.dispatch_all().await;
        }
        let Some(quarantine) = self.quarantine.as_ref() else {
            return;
        };
        if self.running == 0 && self.ghosts.is_empty() {
            quarantine.seat.rest();
        }
        if quarantine.alone {
            while self.step_alone() {}
        }
    }

    /// Whether records need not run alone.
    fn runs_freely(&mut self) -> bool {
        let at_work = self.running > 0 || !self.ghosts.is_empty();
        let has_work = at_work || !self.runnable.is_empty();
        let Some(quarantine) = &mut self.quarantine else {
            return true;
        };
        let suspicious = quarantine.is_suspicious();
        quarantine.seat.suspect(suspicious);
        if suspicious && !at_work {
            quarantine.seat.rest();
        }
        let idle = matches!(quarantine.stage, Stage::Idle);
        quarantine.alone = suspicious || !idle || (has_work && !quarantine.seat.run_freely());
        !quarantine.alone
    }

    /// Goes on with the record that runs alone; `false` if something has to be waited for.
    fn step_alone(&mut self) -> bool {
        let Some(quarantine) = &mut self.quarantine else {
            return false;
        };
        match std::mem::replace(&mut quarantine.stage, Stage::Idle) {
            Stage::Idle => self.next_alone(),
            Stage::Marking(commit, held) => self.mark_again(commit, held),
            Stage::Marked(held) => self.begin_alone(held),
            Stage::Running(slot, epoch) => self.end_alone(slot, epoch),
            Stage::Ending(commit) => self.end_again(commit),
        }
    }

    fn set_stage(&mut self, stage: Stage) {
        if let Some(quarantine) = &mut self.quarantine {
            quarantine.stage = stage;
        }
    }

    /// Nothing of this loop runs alone any more.
    fn yield_alone(&mut self) {
        if let Some(quarantine) = &self.quarantine {
            quarantine.seat.end_alone();
        }
    }

    /// Chooses the next record of all partitions.
    fn next_alone(&mut self) -> bool {
        let settled = self.commits.under_way.is_none() && self.is_transaction_settled();
        if self.running > 0 || !self.ghosts.is_empty() || !settled {
            return false;
        }
        let throttled = self.seat.throttle.is_some() && self.is_throttled();
        if self.stop.is_none() && !throttled {
            for _ in 0..self.runnable.len() {
                let Some(slot) = self.runnable.pop_front() else {
                    break;
                };
                if !self.fill(slot) || !self.is_open(slot) {
                    continue;
                }
                let quarantine = self.quarantine.as_ref();
                if !quarantine.is_some_and(|it| it.seat.run_alone()) {
                    self.enqueue(slot);
                    return false;
                }
                if let Some(held) = self.take_alone(slot) {
                    self.mark(held);
                    return true;
                }
            }
        }
        self.yield_alone();
        false
    }

    /// Whether no transaction is open; hands over what is staged.
    fn is_transaction_settled(&mut self) -> bool {
        let Some(tx) = &self.transactions else {
            return true;
        };
        if !tx.staging.is_empty() {
            self.hand_over_all();
            return false;
        }
        tx.under_way.is_empty() && tx.rewind.is_none()
    }

    /// The next record of a partition.
    fn take_alone(&mut self, slot: Slot) -> Option<Held> {
        let limits = self.limits();
        let batch = self.seat.endpoint.batch.is_some();
        let partition = self.partition(slot)?;
        let epoch = partition.epoch;
        let (record, start) = if batch && partition.collects() {
            (partition.buffer.front()?.offset(), None)
        } else {
            let start = partition.next_start(limits)?;
            (offset_of(&start), Some(start))
        };
        Some(Held {
            slot,
            epoch,
            record,
            start,
        })
    }

    /// Commits that this record is at work, if that has to be told.
    fn mark(&mut self, held: Held) {
        let (slot, record) = (held.slot, held.record);
        let place = self.place_of_notes(slot).unwrap_or(record);
        let condemned = self.watch_of(slot).and_then(|watch| watch.condemned());
        if let Some(condemned) = condemned {
            let partition = self.partition(slot);
            let waits = partition.is_some_and(|it| it.ledger.waits_for(condemned));
            if record <= condemned || waits {
                // The mark of that one is not to be lost.
                return self.set_stage(Stage::Marked(held));
            }
        }
        let Some(watch) = self.watch_of(slot) else {
            return self.set_stage(Stage::Marked(held));
        };
        if condemned.is_some() {
            // It is gone from the log.
            watch.acquit();
        }
        let metadata = watch.mark(place, record, now());
        let commit = self.send_note(slot, held.epoch, place, metadata);
        self.set_stage(Stage::Marking(commit, held));
    }

    fn send_note(
        &mut self,
        slot: Slot,
        epoch: u32,
        offset: i64,
        metadata: Option<std::sync::Arc<str>>,
    ) -> Commit {
        let id = self.commits.new_id();
        let leader_epoch = self.partition(slot).and_then(|p| p.ledger.to_commit());
        let note = CommitOffset {
            slot,
            offset,
            leader_epoch: leader_epoch
                .filter(|position| position.offset == offset)
                .map_or(-1, |position| position.leader_epoch),
            metadata,
        };
        self.counts.commits += 1;
        let sent = self.source.commit(id, &[note]);
        Commit {
            id: sent
                .map(|()| id)
                .map_err(|_| tokio::time::Instant::now() + HOLD),
            slot,
            epoch,
            offset,
        }
    }

    fn mark_again(&mut self, commit: Commit, held: Held) -> bool {
        let due = commit.is_due();
        match due {
            true => self.mark(held),
            false => self.set_stage(Stage::Marking(commit, held)),
        }
        due
    }

    /// Begins a marked record, unless its partition was given up meanwhile.
    fn begin_alone(&mut self, held: Held) -> bool {
        let Held {
            slot,
            epoch,
            record,
            start,
        } = held;
        let stopping = self.stop.is_some();
        let partition = self.current(slot, epoch);
        if stopping || partition.is_none_or(|p| p.revoking || p.seek.is_some()) {
            self.drop_start(slot, start.as_ref());
            self.yield_alone();
            return true;
        }
        self.set_stage(Stage::Running(slot, epoch));
        let began = Instant::now();
        self.seat.status.pulse.begin(slot, record, began);
        let evidence = self
            .watch_of(slot)
            .and_then(|it| it.evidence(record).cloned());
        match (start, evidence) {
            (start, Some(evidence)) if is_fresh(start.as_ref()) => {
                self.quarantine(slot, epoch, start, evidence);
            }
            (Some(start), _) => self.begin_start(slot, epoch, start),
            (None, _) => {
                let (max, linger) = (1, Duration::ZERO);
                self.begin_batch(slot, BatchSpec { max, linger });
            }
        }
        self.time(began.elapsed(), 1);
        self.seat.status.pulse.end();
        true
    }

    /// Sends a record to the dead letters that its process died of.
    fn quarantine(
        &mut self,
        slot: Slot,
        epoch: u32,
        start: Option<Start>,
        evidence: CrashedConsumer,
    ) {
        let (lane, record) = match start {
            Some(Start::Fresh(lane, record) | Start::Lane(lane, Step::Record(record))) => {
                (lane, record)
            }
            Some(start) => return self.begin_start(slot, epoch, start),
            None => {
                let Some(partition) = self.partition(slot) else {
                    return;
                };
                let Some(record) = partition.buffer.pop_front() else {
                    return;
                };
                let ledger = &mut partition.ledger;
                ledger.begin(record.offset(), record.leader_epoch(), 0);
                (crate::listener::LaneKey::MIN, record)
            }
        };
        tracing::error!(
            listener = &*self.seat.endpoint.id,
            record = %self.seat.status.place(slot, record.offset()),
            deaths = evidence.deaths,
            process = evidence.process,
            "a record is quarantined: its process died while it was handled alone"
        );
        let mut delivery = self.delivery(slot, epoch, lane, record);
        let error = ListenerError::crashed(evidence);
        delivery.failed(&error);
        if self.recover(delivery, error, Try::first(Way::DeadLetter)) {
            self.release(slot, lane);
        }
    }

    /// The record has ended, if it has: the next one of its partition is marked, or the mark taken
    /// away.
    fn end_alone(&mut self, slot: Slot, epoch: u32) -> bool {
        let Some(partition) = self.current(slot, epoch) else {
            self.yield_alone();
            return true;
        };
        if partition.is_busy() || !self.is_transaction_settled() {
            self.set_stage(Stage::Running(slot, epoch));
            return false;
        }
        let Some(place) = self.place_of_notes(slot) else {
            self.yield_alone();
            return true;
        };
        let Some(watch) = self.watch_of(slot) else {
            self.yield_alone();
            return true;
        };
        if watch.condemned().is_some_and(|condemned| condemned < place) {
            watch.acquit();
        }
        if watch.passed(place) {
            let record = self.seat.status.place(slot, place);
            tracing::info!(
                listener = &*self.seat.endpoint.id, %record,
                "nothing was found that kills its process: records run as before"
            );
        } else if let Some(held) = self.follow(slot) {
            self.mark(held);
            return true;
        }
        let Some(watch) = self.watch_of(slot) else {
            return true;
        };
        let before = watch.noted();
        let metadata = watch.note_at(place);
        if metadata == before {
            // It went without a mark, or its transaction has taken that away.
            self.yield_alone();
            self.enqueue(slot);
            return true;
        }
        let commit = self.send_note(slot, epoch, place, metadata);
        self.set_stage(Stage::Ending(commit));
        false
    }

    /// The next record of the same partition, if it may run without others being asked.
    fn follow(&mut self, slot: Slot) -> Option<Held> {
        let stopping = self.stop.is_some();
        let quarantine = self.quarantine.as_mut()?;
        let others = !self.runnable.is_empty() || quarantine.seat.others_wait();
        quarantine.streak = if others { quarantine.streak + 1 } else { 0 };
        if stopping || quarantine.streak >= STREAK || !quarantine.is_suspicious() {
            quarantine.streak = 0;
            return None;
        }
        let throttled = self.seat.throttle.is_some() && self.is_throttled();
        let partition = self.partition(slot)?;
        let waits = throttled || partition.buffer.is_empty() || !partition.can_run();
        if waits {
            return None;
        }
        self.take_alone(slot)
    }

    fn end_again(&mut self, commit: Commit) -> bool {
        if commit.is_due() {
            self.set_stage(Stage::Running(commit.slot, commit.epoch));
            return true;
        }
        self.set_stage(Stage::Ending(commit));
        false
    }

    /// Takes the answer, if it is about the record that runs alone.
    pub(super) fn take_stage_answer(&mut self, id: u64, result: &Result<(), CommitError>) -> bool {
        let Some(quarantine) = &mut self.quarantine else {
            return false;
        };
        let commit = match &mut quarantine.stage {
            Stage::Marking(commit, _) | Stage::Ending(commit) => commit,
            Stage::Idle | Stage::Marked(_) | Stage::Running(..) => return false,
        };
        if commit.id != Ok(id) {
            return false;
        }
        if let Err(error) = result {
            tracing::warn!(
                error = error.name,
                "a record's mark was refused: it is sent again"
            );
            commit.id = Err(tokio::time::Instant::now() + HOLD);
            return true;
        }
        let commit = *commit;
        match std::mem::replace(&mut quarantine.stage, Stage::Idle) {
            Stage::Marking(_, held) => quarantine.stage = Stage::Marked(held),
            Stage::Ending(_) => quarantine.seat.end_alone(),
            Stage::Idle | Stage::Marked(_) | Stage::Running(..) => {}
        }
        self.note_is_committed(commit);
        true
    }

    fn note_is_committed(&mut self, commit: Commit) {
        let Commit {
            slot,
            epoch,
            offset,
            ..
        } = commit;
        if let Some(partition) = self.current(slot, epoch) {
            partition.committed = Some(offset);
            partition.sent = Some(offset);
            partition.dirty = false;
            self.commits.dirty.retain(|of| *of != slot);
        }
        self.resume_committing();
        self.enqueue(slot);
    }

    /// Lets go of the record of a partition that is given up.
    pub(super) fn leave_stage(&mut self, slot: Slot) {
        let Some(quarantine) = &mut self.quarantine else {
            return;
        };
        let of = match &quarantine.stage {
            Stage::Idle => return,
            Stage::Marking(_, held) | Stage::Marked(held) => held.slot,
            Stage::Running(of, _) | Stage::Ending(Commit { slot: of, .. }) => *of,
        };
        if of != slot {
            return;
        }
        match std::mem::replace(&mut quarantine.stage, Stage::Idle) {
            Stage::Marking(_, held) | Stage::Marked(held) => {
                self.drop_start(slot, held.start.as_ref())
            }
            Stage::Idle | Stage::Running(..) | Stage::Ending(_) => {}
        }
        self.yield_alone();
    }

    fn drop_start(&mut self, slot: Slot, start: Option<&Start>) {
        if let Some(Start::Lane(lane, _)) = start {
            self.release(slot, *lane);
        }
    }
}

impl Commit {
    fn is_due(&self) -> bool {
        self.id
            .is_err_and(|again| again <= tokio::time::Instant::now())
    }
}

/// Whether it is no record that was tried before.
fn is_fresh(start: Option<&Start>) -> bool {
    !matches!(start, Some(Start::Lane(_, Step::Next(_))))
}

fn offset_of(start: &Start) -> i64 {
    match start {
        Start::Fresh(_, record) | Start::Lane(_, Step::Record(record)) => record.offset(),
        Start::Lane(_, Step::Next(next)) => match next {
            Next::Handle(delivery) | Next::Due(delivery) | Next::Recover { delivery, .. } => {
                delivery.token.offset
            }
            Next::Rewind(offset) => *offset,
        },
    }
}
