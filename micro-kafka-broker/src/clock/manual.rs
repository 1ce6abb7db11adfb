//! Time that moves when a test says so.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::TimeSource;

/// A source of time that stands still until it is advanced.
#[derive(Debug)]
pub(crate) struct ManualTime {
    begin: Instant,
    passed: watch::Sender<Duration>,
}

impl ManualTime {
    pub(crate) fn new() -> Self {
        Self {
            begin: Instant::now(),
            passed: watch::Sender::new(Duration::ZERO),
        }
    }

    /// Moves the time; whoever sleeps until then wakes.
    pub(crate) fn advance(&self, by: Duration) {
        self.passed.send_modify(|passed| *passed += by);
    }
}

impl TimeSource for ManualTime {
    fn now(&self) -> Instant {
        self.begin + *self.passed.borrow()
    }

    fn unix_millis(&self) -> i64 {
        i64::try_from(self.passed.borrow().as_millis()).unwrap_or(i64::MAX)
    }

    fn sleep_until(&self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let begin = self.begin;
        let mut passed = self.passed.subscribe();
        Box::pin(async move {
            let reached = passed
                .wait_for(|passed| begin + *passed >= at)
                .await
                .is_ok();
            if !reached {
                // Nobody can move the time any more.
                std::future::pending::<()>().await;
            }
        })
    }
}
