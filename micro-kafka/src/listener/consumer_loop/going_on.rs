//! Partitions that stay, and go on after a rebalance.
//!
//! librdkafka pauses all partitions while a rebalance waits for its answer, and resumes those that
//! stay some time after it. It wakes no broker's thread for that: one that saw all its partitions
//! paused sleeps on for up to a second. Nothing tells when they are resumed, so that the threads are
//! woken a few times, soon and then less and less often.

use std::time::Duration;

use tokio::time::Instant;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};

const FIRST: Duration = Duration::from_millis(2);
/// About as long as a thread sleeps.
const LAST: Duration = Duration::from_millis(512);

/// When brokers' threads are woken next.
#[derive(Debug, Default)]
pub(super) struct GoingOn {
    next: Option<Instant>,
    wait: Duration,
}

impl GoingOn {
    fn begin(&mut self, now: Instant) {
        self.wait = FIRST;
        self.next = Some(now + FIRST);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Whether it is time; the next time is twice as far away.
    fn take_due(&mut self, now: Instant) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.wait *= 2;
            self.next = (self.wait <= LAST).then(|| now + self.wait);
        }
        due
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// A rebalance was answered that concerns these partitions.
    pub(super) fn others_go_on(&mut self, changed: &[Slot]) {
        if self.assigned().any(|(slot, _)| !changed.contains(&slot)) {
            self.going_on.begin(Instant::now());
        }
    }

    pub(super) fn wake_brokers_if_due(&mut self) {
        if self.going_on.deadline().is_some() && self.going_on.take_due(Instant::now()) {
            self.source.wake_brokers();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_come_for_a_second_and_less_and_less_often() {
        let begun = Instant::now();
        let mut going_on = GoingOn::default();
        assert!(!going_on.take_due(begun));
        going_on.begin(begun);
        assert!(!going_on.take_due(begun));
        let mut waits = Vec::new();
        let mut now = begun;
        while let Some(next) = going_on.deadline() {
            waits.push((next - now).as_millis());
            now = next;
            assert!(going_on.take_due(now) && !going_on.take_due(now));
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512]);
    }
}
