//! The one source of time for every timer of the framework.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// Time as the framework sees it: the system's, or one that a test moves by hand.
///
/// Retries, back-offs, commit intervals and rates all wait on it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System,
    Manual(Arc<Mutex<Manual>>),
}

#[derive(Debug)]
struct Manual {
    start: Instant,
    /// The time since the Unix epoch at `start`.
    epoch: Duration,
    /// How far ahead of the system's clock, or of `start` where time stands still.
    ahead: Duration,
    flows: bool,
    next_id: u64,
    sleepers: BTreeMap<(Instant, u64), Waker>,
}

impl Manual {
    fn now(&self) -> Instant {
        let own = if self.flows {
            Instant::now()
        } else {
            self.start
        };
        own + self.ahead
    }
}

impl Clock {
    /// The system's monotonic clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that runs as the system's does, and jumps ahead by [`Clock::advance_to`]: for tests.
    #[must_use]
    pub fn adjustable() -> Self {
        Self::by_hand(true)
    }

    /// A clock that stands still until [`Clock::advance_to`] moves it.
    #[must_use]
    pub fn manual() -> Self {
        Self::by_hand(false)
    }

    fn by_hand(flows: bool) -> Self {
        let manual = Manual {
            start: Instant::now(),
            epoch: system_time(),
            ahead: Duration::ZERO,
            flows,
            next_id: 0,
            sleepers: BTreeMap::new(),
        };
        Self(Kind::Manual(Arc::new(Mutex::new(manual))))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Kind::System => Instant::now(),
            Kind::Manual(manual) => manual.lock().now(),
        }
    }

    /// The time since the Unix epoch, as other machines count it; on a clock made for tests it runs
    /// as far ahead of the system's as [`Clock::now`] does.
    #[must_use]
    pub fn since_epoch(&self) -> Duration {
        match &self.0 {
            Kind::System => system_time(),
            Kind::Manual(manual) => {
                let state = manual.lock();
                let own = if state.flows {
                    system_time()
                } else {
                    state.epoch
                };
                own + state.ahead
            }
        }
    }

    /// The moment at which the time since the Unix epoch will be `time`; the present one if that
    /// has passed.
    #[must_use]
    pub fn at_epoch(&self, time: Duration) -> Instant {
        let (now, wall) = (self.now(), self.since_epoch());
        let left = time.saturating_sub(wall);
        now.checked_add(left).unwrap_or(now)
    }

    /// Waits until `due`.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the timer.
    #[must_use = "a sleep does nothing unless awaited"]
    pub fn sleep_until(&self, due: Instant) -> Sleep {
        match &self.0 {
            Kind::System => Sleep(SleepKind::System(Box::pin(tokio::time::sleep_until(
                due.into(),
            )))),
            Kind::Manual(manual) => {
                let mut state = manual.lock();
                state.next_id += 1;
                Sleep(SleepKind::Manual {
                    clock: Arc::clone(manual),
                    key: (due, state.next_id),
                    alarm: None,
                })
            }
        }
    }

    /// The moment at which the next sleeper of a manual clock wakes; `None` if nobody sleeps, and
    /// always for the system's clock.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        match &self.0 {
            Kind::System => None,
            Kind::Manual(manual) => manual.lock().sleepers.keys().next().map(|(due, _)| *due),
        }
    }

    /// Moves a clock made for tests to `moment` and wakes whoever is due; never moves it back, and
    /// does nothing to the system's clock.
    pub fn advance_to(&self, moment: Instant) {
        let Kind::Manual(manual) = &self.0 else {
            return;
        };
        let mut state = manual.lock();
        let ahead = moment.saturating_duration_since(state.now());
        state.ahead += ahead;
        // Who is not due yet sets its alarm anew.
        let woken = std::mem::take(&mut state.sleepers);
        drop(state);
        woken.into_values().for_each(Waker::wake);
    }
}

fn system_time() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// A wait for a moment; see [`Clock::sleep_until`].
#[derive(Debug)]
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep(SleepKind);

#[derive(Debug)]
enum SleepKind {
    System(Pin<Box<tokio::time::Sleep>>),
    Manual {
        clock: Arc<Mutex<Manual>>,
        key: (Instant, u64),
        /// Where time flows: the system's timer for the moment that `key` stands for.
        alarm: Option<Pin<Box<tokio::time::Sleep>>>,
    },
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            SleepKind::System(sleep) => sleep.as_mut().poll(context),
            SleepKind::Manual { clock, key, alarm } => {
                let mut state = clock.lock();
                let left = key.0.saturating_duration_since(state.now());
                if left.is_zero() {
                    state.sleepers.remove(key);
                    return Poll::Ready(());
                }
                state.sleepers.insert(*key, context.waker().clone());
                if !state.flows {
                    return Poll::Pending;
                }
                drop(state);
                let alarm = alarm.insert(Box::pin(tokio::time::sleep(left)));
                match alarm.as_mut().poll(context) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(()) => {
                        context.waker().wake_by_ref();
                        Poll::Pending
                    }
                }
            }
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let SleepKind::Manual { clock, key, .. } = &self.0 {
            clock.lock().sleepers.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_in_order_and_only_what_is_due() {
        let clock = Clock::manual();
        let start = clock.now();
        let mut early = Box::pin(clock.sleep_until(start + Duration::from_secs(1)));
        let mut late = Box::pin(clock.sleep_until(start + Duration::from_secs(2)));
        assert!(futures_util::poll!(early.as_mut()).is_pending());
        assert!(futures_util::poll!(late.as_mut()).is_pending());
        assert_eq!(clock.next_due(), Some(start + Duration::from_secs(1)));
        clock.advance_to(start + Duration::from_secs(1));
        assert!(futures_util::poll!(early.as_mut()).is_ready());
        assert!(futures_util::poll!(late.as_mut()).is_pending());
        drop(late);
        assert_eq!(clock.next_due(), None);
    }

    #[test]
    fn the_time_of_day_moves_with_the_clock() {
        let clock = Clock::manual();
        let (now, wall) = (clock.now(), clock.since_epoch());
        let hour = Duration::from_secs(3_600);
        assert_eq!(clock.at_epoch(wall + hour), now + hour);
        clock.advance_to(now + hour);
        assert_eq!(clock.since_epoch(), wall + hour);
        assert_eq!(clock.at_epoch(wall), now + hour, "what has passed is now");
        assert!(Clock::system().since_epoch() >= wall);
    }

    #[tokio::test]
    async fn an_adjustable_clock_runs_and_jumps() {
        let clock = Clock::adjustable();
        clock
            .sleep_until(clock.now() + Duration::from_millis(3))
            .await;
        let due = clock.now() + Duration::from_secs(3600);
        let mut sleep = Box::pin(clock.sleep_until(due));
        assert!(futures_util::poll!(sleep.as_mut()).is_pending());
        clock.advance_to(due - Duration::from_millis(3));
        assert!(clock.now() < due);
        sleep.await;
        assert!(clock.now() >= due);
    }
}
