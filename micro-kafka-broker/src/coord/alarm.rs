//! The next moment at which a coordinator's timer task looks.

use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::Clock;

/// Wakes the timer task of a coordinator at the nearest of all deadlines.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    at: Mutex<Option<Instant>>,
    nearer: Notify,
}

impl Alarm {
    /// Wakes at `deadline`, or earlier.
    pub(super) fn set(&self, deadline: Instant) {
        let mut at = self.at.lock();
        if at.is_none_or(|at| deadline < at) {
            *at = Some(deadline);
            self.nearer.notify_one();
        }
    }

    /// Whether it is set.
    pub(super) fn is_set(&self) -> bool {
        self.at.lock().is_some()
    }

    /// Calls `tick` each time it goes off; never ends.
    pub(super) async fn run(&self, clock: &Clock, tick: impl Fn()) {
        loop {
            let at = *self.at.lock();
            match at {
                Some(at) => tokio::select! {
                    () = clock.sleep_until(at) => {
                        *self.at.lock() = None;
                        tick();
                    }
                    () = self.nearer.notified() => {}
                },
                None => self.nearer.notified().await,
            }
        }
    }
}
