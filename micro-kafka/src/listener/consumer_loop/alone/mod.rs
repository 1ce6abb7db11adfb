//! Records that run one at a time, each marked before it begins, while it is looked for the one that
//! kills its process.

mod marks;
mod running;

use self::marks::Commit;
use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::lane::{Next, Step};
use crate::listener::partition::Start;

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
