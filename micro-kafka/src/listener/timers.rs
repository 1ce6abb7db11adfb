//! The waits of a loop: one timer on the framework's clock for all of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use super::order::LaneKey;
use crate::client::Slot;
use crate::clock::{Clock, Sleep};

/// Waiting lanes, and the moment of the next commit.
#[derive(Debug)]
pub(super) struct Timers {
    clock: Clock,
    lanes: BinaryHeap<Reverse<(Instant, Slot, u32, LaneKey)>>,
    commit: Option<Instant>,
    throttled: Option<Instant>,
    sleep: Option<(Instant, Sleep)>,
}

impl Timers {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            lanes: BinaryHeap::new(),
            commit: None,
            throttled: None,
            sleep: None,
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Wakes a lane of this epoch.
    pub(super) fn wake_lane(&mut self, due: Instant, slot: Slot, epoch: u32, lane: LaneKey) {
        self.lanes.push(Reverse((due, slot, epoch, lane)));
    }

    /// Wakes the loop for a commit; `None` takes it back.
    pub(super) fn wake_commit(&mut self, due: Option<Instant>) {
        self.commit = due;
    }

    /// Wakes the loop when records may begin again; `None` takes it back.
    pub(super) fn wake_throttled(&mut self, due: Option<Instant>) {
        self.throttled = due;
    }

    /// A lane that is due.
    pub(super) fn due_lane(&mut self) -> Option<(Slot, u32, LaneKey)> {
        let Reverse((due, slot, epoch, lane)) = *self.lanes.peek()?;
        if due > self.clock.now() {
            return None;
        }
        self.lanes.pop();
        Some((slot, epoch, lane))
    }

    /// Ready when something is due.
    pub(super) fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let lane = self.lanes.peek().map(|Reverse((due, ..))| *due);
        let Some(due) = lane
            .into_iter()
            .chain(self.commit)
            .chain(self.throttled)
            .min()
        else {
            self.sleep = None;
            return Poll::Pending;
        };
        let current = self.sleep.take_if(|(at, _)| *at == due);
        let (_, sleep) = self
            .sleep
            .insert(current.unwrap_or_else(|| (due, self.clock.sleep_until(due))));
        Pin::new(sleep).poll(context)
    }
}
