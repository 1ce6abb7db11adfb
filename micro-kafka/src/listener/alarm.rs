//! Many failures in a short time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::RecordPlace;
use crate::config::AlarmSettings;

/// In which time, if the settings do not say.
const WITHIN: Duration = Duration::from_secs(60);

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlarmKind {
    /// Records that were given up: dead-lettered, or only logged.
    DeadLetters,
    /// Further attempts, in place or by a retry topic.
    Retries,
}

/// A listener's failures have passed a threshold of its `[….alarm]`. It is told anew once as many
/// have come again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alarm {
    /// Whose failures.
    pub listener: Arc<str>,
    /// What there is too much of.
    pub kind: AlarmKind,
    /// How many there were, which is the threshold.
    pub count: u32,
    /// In which time, at most.
    pub within: Duration,
    /// The last record that failed.
    pub record: RecordPlace,
    /// The variant or type of its error.
    pub error: &'static str,
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            AlarmKind::DeadLetters => "records given up",
            AlarmKind::Retries => "retries",
        };
        let Self {
            listener,
            count,
            within,
            record,
            error,
            ..
        } = self;
        write!(
            f,
            "listener {listener}: {count} {what} within {within:?}, the last one {record} ({error})"
        )
    }
}

type Hook = dyn Fn(&Alarm) + Send + Sync;

/// Is told of alarms, on the consumer's own thread: it must not wait.
#[derive(Clone, Default)]
pub struct AlarmHook(Option<Arc<Hook>>);

impl AlarmHook {
    /// Calls that function.
    #[must_use]
    pub fn new(hook: impl Fn(&Alarm) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    pub(super) fn call(&self, alarm: &Alarm) {
        if let Some(hook) = &self.0 {
            hook(alarm);
        }
    }
}

impl fmt::Debug for AlarmHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AlarmHook")
    }
}

/// The last failures of a listener, all its consumers together.
#[derive(Debug, Default)]
pub(super) struct AlarmWindows(Mutex<[VecDeque<Instant>; 2]>);

impl AlarmWindows {
    /// Counts one more; the threshold and its time, if that passes it.
    pub(super) fn count(
        &self,
        kind: AlarmKind,
        settings: AlarmSettings,
        now: Instant,
    ) -> Option<(u32, Duration)> {
        let threshold = match kind {
            AlarmKind::DeadLetters => settings.dead_letters,
            AlarmKind::Retries => settings.retries,
        }?;
        let within = settings.within.unwrap_or(WITHIN);
        let windows = &mut *self.0.lock();
        let window = match kind {
            AlarmKind::DeadLetters => &mut windows[0],
            AlarmKind::Retries => &mut windows[1],
        };
        let is_old = |then: &Instant| now.saturating_duration_since(*then) > within;
        while window.front().is_some_and(is_old) {
            window.pop_front();
        }
        window.push_back(now);
        if window.len() < threshold as usize {
            return None;
        }
        window.clear();
        Some((threshold, within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_comes_with_the_threshold_and_then_needs_as_many_again() {
        let windows = AlarmWindows::default();
        let settings = AlarmSettings {
            dead_letters: Some(3),
            retries: None,
            within: Some(Duration::from_secs(10)),
        };
        let start = Instant::now();
        let count = |kind, seconds| {
            let now = start + Duration::from_secs(seconds);
            windows.count(kind, settings, now).is_some()
        };
        let dead = AlarmKind::DeadLetters;
        // The first is too old when the third comes.
        let seen = [0, 9, 11, 12, 13, 14, 15].map(|second| count(dead, second));
        assert_eq!(seen, [false, false, false, true, false, false, true]);
        assert!((0..100).all(|second| !count(AlarmKind::Retries, second)));
    }
}
