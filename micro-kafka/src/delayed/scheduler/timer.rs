//! When something is due.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::Scheduler;
use crate::client::RecordSource;

impl<S: RecordSource> Scheduler<'_, S> {
    /// Ready when something is due that can be sent now.
    pub(super) fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let next = self.index.next_time().filter(|_| self.can_fire());
        let Some(next) = next else {
            self.timer = None;
            return Poll::Pending;
        };
        let since_epoch = Duration::from_millis(u64::try_from(next).unwrap_or(0));
        let (now, wall) = (self.seat.clock.now(), self.seat.clock.since_epoch());
        if since_epoch <= wall {
            // What is not in memory comes by itself.
            return match self.fetching || self.held {
                true => Poll::Pending,
                false => Poll::Ready(()),
            };
        }
        let due = now.checked_add(since_epoch - wall).unwrap_or(now);
        // The same moment is told with the jitter of two clocks.
        let near = |at: &Instant| at.max(&due).duration_since(*at.min(&due)).as_millis() < 1;
        let current = self.timer.take_if(|(at, _)| near(at));
        let (_, sleep) = self
            .timer
            .insert(current.unwrap_or_else(|| (due, self.seat.clock.sleep_until(due))));
        let ready = Pin::new(sleep).poll(context);
        if ready.is_ready() {
            self.timer = None;
        }
        ready
    }
}
