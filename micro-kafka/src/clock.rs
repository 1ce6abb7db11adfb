//! The one source of time for every timer of the framework.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

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
    now: Instant,
    next_id: u64,
    sleepers: BTreeMap<(Instant, u64), Waker>,
}

impl Clock {
    /// The system's monotonic clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands still until [`Clock::advance_to`] moves it.
    #[must_use]
    pub fn manual() -> Self {
        let manual = Manual {
            now: Instant::now(),
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
            Kind::Manual(manual) => manual.lock().now,
        }
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
                let id = state.next_id;
                drop(state);
                Sleep(SleepKind::Manual {
                    clock: Arc::clone(manual),
                    key: (due, id),
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

    /// Moves a manual clock to `moment` and wakes whoever is due; never moves it back, and does
    /// nothing to the system's clock.
    pub fn advance_to(&self, moment: Instant) {
        let Kind::Manual(manual) = &self.0 else {
            return;
        };
        let mut state = manual.lock();
        state.now = state.now.max(moment);
        let later = (state.now + Duration::from_nanos(1), 0);
        let later = state.sleepers.split_off(&later);
        let due = std::mem::replace(&mut state.sleepers, later);
        drop(state);
        due.into_values().for_each(Waker::wake);
    }
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
    },
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            SleepKind::System(sleep) => sleep.as_mut().poll(context),
            SleepKind::Manual { clock, key } => {
                let mut state = clock.lock();
                if state.now >= key.0 {
                    state.sleepers.remove(key);
                    return Poll::Ready(());
                }
                state.sleepers.insert(*key, context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let SleepKind::Manual { clock, key } = &self.0 {
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
}
