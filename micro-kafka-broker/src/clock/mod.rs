//! Time, as the broker sees it.
//!
//! Everything that waits or stamps asks a [`Clock`]. The machines of this crate never look at the
//! time themselves: they are told. So a test, or a later virtual time, replaces it in one place.

mod adjustable;
#[cfg(test)]
mod manual;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

pub use adjustable::BrokerClock;
#[cfg(test)]
pub(crate) use manual::ManualTime;

/// A source of time: monotonic for timers, wall time for stamps.
pub(crate) trait TimeSource: Send + Sync + fmt::Debug {
    /// The monotonic time.
    fn now(&self) -> Instant;
    /// The wall time in milliseconds since 1970.
    fn unix_millis(&self) -> i64;
    /// Becomes ready when [`TimeSource::now`] has reached `at`; dropping it cancels the timer.
    fn sleep_until(&self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A shared handle to the broker's time; cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Clock(Arc<dyn TimeSource>);

impl Clock {
    /// The machine's time, with timers of the tokio runtime.
    pub(crate) fn system() -> Self {
        BrokerClock::system().clock()
    }

    /// A clock with its own source of time.
    #[cfg(test)]
    pub(crate) fn from_source(source: Arc<dyn TimeSource>) -> Self {
        Self(source)
    }

    /// The monotonic time.
    pub(crate) fn now(&self) -> Instant {
        self.0.now()
    }

    /// The wall time in milliseconds since 1970.
    pub(crate) fn unix_millis(&self) -> i64 {
        self.0.unix_millis()
    }

    /// Waits until `at`. Cancel safe: dropping the future cancels the timer.
    pub(crate) async fn sleep_until(&self, at: Instant) {
        self.0.sleep_until(at).await;
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
