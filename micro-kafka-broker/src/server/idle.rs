//! Silence of a client.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Notices when nothing has come for so long.
///
/// The timer runs on from request to request and is only set again when it has run down: a
/// request takes the time, and that is all.
#[derive(Debug)]
pub(super) struct Idle {
    limit: Duration,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Idle {
    /// Silence from now on.
    pub(super) fn new(limit: Duration) -> Self {
        let last = Instant::now();
        Self {
            limit,
            last,
            timer: Box::pin(sleep_until(last + limit)),
        }
    }

    /// How long it may last.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Something has come.
    pub(super) fn touch(&mut self) {
        self.last = Instant::now();
    }

    /// Waits until it has lasted too long. Cancel safe.
    pub(super) async fn expired(&mut self) {
        loop {
            self.timer.as_mut().await;
            let until = self.last + self.limit;
            if until <= Instant::now() {
                return;
            }
            self.timer.as_mut().reset(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{advance, timeout};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn silence_counts_from_the_last_touch() {
        let mut idle = Idle::new(10 * SECOND);
        for _ in 0..5 {
            advance(8 * SECOND).await;
            idle.touch();
            let early = timeout(9 * SECOND, idle.expired()).await;
            assert!(early.is_err());
            idle.touch();
        }
        let begun = Instant::now();
        idle.expired().await;
        assert!(begun.elapsed().abs_diff(10 * SECOND) < SECOND / 100);
    }
}
