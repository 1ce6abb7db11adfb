//! A partition that lets go of what is not at work.

use std::time::Instant;

use super::partition::{Linger, Partition};

impl Partition {
    /// Lets go of what is not at work; how many records waited for another attempt.
    pub(super) fn keep_busy(&mut self) -> usize {
        self.let_go();
        self.lanes.keep_busy()
    }

    /// Lets go of what is not at work, attempts that are worth a wait apart; how many other records
    /// waited for one.
    pub(super) fn keep_attempts(&mut self, now: Instant) -> usize {
        self.let_go();
        let mut lanes = std::mem::take(&mut self.lanes);
        let busy = lanes.busy() > 0;
        let dropped = lanes.keep_attempts(|offset, due| {
            let due = due.unwrap_or(now);
            self.is_worth_a_wait(offset, due, busy).then_some(due)
        });
        self.lanes = lanes;
        dropped
    }

    /// Whether an attempt is worth a wait while the partition is drained: something beyond it was
    /// handled, or is being handled, and its time comes soon.
    pub(super) fn awaits(&self, offset: i64, due: Instant) -> bool {
        self.is_worth_a_wait(offset, due, self.lanes.busy() > 0)
    }

    fn is_worth_a_wait(&self, offset: i64, due: Instant, others: bool) -> bool {
        let soon = self.patience.is_some_and(|patience| due <= patience);
        soon && (others || self.ledger.has_finished_beyond(offset))
    }

    /// How many records a drain waits for.
    pub(super) fn drained(&self) -> usize {
        self.lanes.busy() + self.lanes.waiting().count()
    }

    /// Whether an attempt is waited for.
    pub(super) fn awaits_attempt(&self) -> bool {
        self.lanes.waiting().next().is_some()
    }

    fn let_go(&mut self) {
        self.buffer.clear();
        self.linger = Linger::None;
        self.awaited.clear();
        self.rereading = false;
    }
}
