//! Time that goes by itself, and jumps when a test says so.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::{Clock, TimeSource};

/// Where virtual time begins: 2026-01-01, in milliseconds since 1970.
const VIRTUAL_BEGIN: i64 = 1_767_225_600_000;

/// The time of a broker: it goes as tokio's does, and jumps by [`BrokerClock::advance`]. Clones are
/// the same.
///
/// Whatever the broker waits for follows it: session and rebalance timeouts, retention, timeouts of
/// transactions, the expiration of offsets, fetches that wait for records.
#[derive(Clone)]
pub struct BrokerClock(Arc<Adjustable>);

#[derive(Debug)]
pub(super) struct Adjustable {
    begin: Instant,
    /// The wall time at `begin` where it is counted from there; otherwise it is the machine's.
    wall_begin: Option<i64>,
    /// What was jumped over.
    skipped: watch::Sender<Duration>,
}

impl BrokerClock {
    /// The machine's time.
    pub(crate) fn system() -> Self {
        Self::new(None)
    }

    /// Time that stands still where tokio's does, and begins with the same moment each time.
    pub(crate) fn from_tokio() -> Self {
        Self::new(Some(VIRTUAL_BEGIN))
    }

    fn new(wall_begin: Option<i64>) -> Self {
        Self(Arc::new(Adjustable {
            begin: tokio_now(),
            wall_begin,
            skipped: watch::Sender::new(Duration::ZERO),
        }))
    }

    /// Moves the broker's time on. What is due then happens at once, in the broker's tasks; whoever
    /// wants to see it waits for its effect.
    pub fn advance(&self, by: Duration) {
        self.0.skipped.send_modify(|skipped| *skipped += by);
    }

    /// Time since the broker was built, jumps included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.now().saturating_duration_since(self.0.begin)
    }

    /// The broker's wall time in milliseconds since 1970: what records are stamped with.
    #[must_use]
    pub fn unix_millis(&self) -> i64 {
        self.0.unix_millis()
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock(Arc::<Adjustable>::clone(&self.0))
    }
}

impl fmt::Debug for BrokerClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BrokerClock").field(&self.elapsed()).finish()
    }
}

impl Adjustable {
    fn skipped(&self) -> Duration {
        *self.skipped.borrow()
    }
}

impl TimeSource for Adjustable {
    fn now(&self) -> Instant {
        tokio_now() + self.skipped()
    }

    fn unix_millis(&self) -> i64 {
        let millis = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        if let Some(begin) = self.wall_begin {
            let passed = self.now().saturating_duration_since(self.begin);
            return begin.saturating_add(millis(passed));
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        millis(since.unwrap_or_default() + self.skipped())
    }

    fn sleep_until(&self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut skips = self.skipped.subscribe();
        Box::pin(async move {
            loop {
                let skipped = *skips.borrow_and_update();
                let Some(real) = at.checked_sub(skipped) else {
                    return;
                };
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(real.into()) => return,
                    skipped = skips.changed() => if skipped.is_err() {
                        // Nobody can move the time any more.
                        return tokio::time::sleep_until(real.into()).await;
                    }
                }
            }
        })
    }
}

fn tokio_now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test(start_paused = true)]
    async fn whoever_sleeps_wakes_when_the_time_jumps_there() {
        let time = BrokerClock::from_tokio();
        let clock = time.clock();
        let begun = clock.now();
        let sleeping = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(begun + HOUR).await }
        });
        tokio::task::yield_now().await;
        time.advance(HOUR / 2);
        tokio::task::yield_now().await;
        assert!(!sleeping.is_finished());
        time.advance(HOUR / 2);
        sleeping.await.unwrap();
        assert_eq!(tokio_now(), begun, "nothing else has moved");
        assert_eq!((clock.now() - begun, time.elapsed()), (HOUR, HOUR));
        assert_eq!(clock.unix_millis(), VIRTUAL_BEGIN + 3_600_000);
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_by_itself_as_well() {
        let time = BrokerClock::from_tokio();
        let clock = time.clock();
        time.advance(HOUR);
        let real = tokio_now();
        clock.sleep_until(clock.now() + HOUR).await;
        assert_eq!(tokio_now() - real, HOUR);
        clock.sleep_until(clock.now() - HOUR).await;
        assert_eq!(tokio_now() - real, HOUR, "what is past is not waited for");
    }
}
