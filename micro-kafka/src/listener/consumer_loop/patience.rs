//! Attempts that a stop or a revocation still waits for.
//!
//! A record whose next attempt is to come keeps all that was handled beyond it uncommitted: where
//! records overtake one another, whoever reads on would handle those once more. A short wait is worth
//! less than that. A long one is not made, and none where nothing was handled beyond the record.

use std::time::Duration;

use tokio::time::Instant;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::LaneKey;
use crate::listener::lane::Next;
use crate::listener::partition::Partition;

/// How long attempts are waited for, all in all.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long an attempt waits for room among the handlers at work.
const ROOM: Duration = Duration::from_millis(5);

/// Until when, in real time, a stop or a revocation waits: for handlers, and for attempts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drain {
    pub(super) until: Instant,
    attempts_until: Instant,
}

impl Drain {
    pub(super) fn new(grace: Duration) -> Self {
        let now = Instant::now();
        Self {
            until: now + grace,
            attempts_until: now + PATIENCE.min(grace),
        }
    }

    /// The shorter grace counts.
    pub(super) fn cut(&mut self, until: Instant) {
        self.until = self.until.min(until);
        self.attempts_until = self.attempts_until.min(until);
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// When it has to be looked at again.
    pub(super) fn deadline(&self) -> Instant {
        let attempts = self.attempts_until.min(self.until);
        match attempts > Instant::now() {
            true => attempts,
            false => self.until,
        }
    }

    /// Whether anything of a partition is still waited for, its time apart.
    pub(super) fn waits_for(&self, partition: &Partition) -> bool {
        let attempts = Instant::now() < self.attempts_until;
        partition.is_busy() || (attempts && partition.awaits_attempt())
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Lets go of all that is not at work on a partition that is about to be given up, but for the
    /// attempts that are worth a wait; how many records waited for another attempt in vain.
    pub(super) fn drain(&mut self, slot: Slot, grace: Duration) -> usize {
        let patience = self.patience(grace);
        let now = self.timers.now();
        let Some(partition) = self.partition(slot) else {
            return 0;
        };
        partition.patience = patience.map(|patience| now + patience);
        let epoch = partition.epoch;
        let dropped = partition.keep_attempts(now);
        let kept: Vec<_> = partition.lanes.waiting().collect();
        for (lane, due) in kept {
            self.timers.wake_lane(due, slot, epoch, lane);
        }
        dropped
    }

    /// What is committed with transactions is not committed beyond a record that waits, and a record
    /// under suspicion runs when its mark was written.
    fn patience(&self, grace: Duration) -> Option<Duration> {
        let alone = self.quarantine.as_ref().is_some_and(|it| it.alone);
        let waits = self.transactions.is_none() && !alone && !grace.is_zero();
        waits.then(|| PATIENCE.min(grace))
    }

    /// An attempt of a partition that is drained has come; it begins when there is room.
    pub(super) fn attempt_while_drained(&mut self, slot: Slot, lane: LaneKey, next: Next) {
        if self.has_room() {
            if self.go_on(slot, lane, next) {
                self.release(slot, lane);
            }
            return;
        }
        let due = self.timers.now() + ROOM;
        if let Some(partition) = self.partition(slot) {
            let epoch = partition.epoch;
            partition.lanes.set_waiting(lane, due, next);
            self.timers.wake_lane(due, slot, epoch, lane);
        }
    }
}
