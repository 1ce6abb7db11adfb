//! A moment by both of the broker's clocks.

use std::time::{Duration, Instant};

use crate::clock::Clock;

/// A moment by both of the broker's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// For timers.
    pub(crate) instant: Instant,
    /// For what is told and kept: milliseconds since 1970.
    pub(crate) unix_millis: i64,
}

impl Moment {
    /// This moment.
    pub(crate) fn now(clock: &Clock) -> Self {
        Self {
            instant: clock.now(),
            unix_millis: clock.unix_millis(),
        }
    }

    /// The moment at an earlier wall time, as it was written down.
    ///
    /// Timers know no time before the machine's start: what is older is of this moment.
    pub(crate) fn back_to(self, unix_millis: i64) -> Self {
        let ago = u64::try_from(self.unix_millis.saturating_sub(unix_millis)).unwrap_or(0);
        let instant = self.instant.checked_sub(Duration::from_millis(ago));
        Self {
            instant: instant.unwrap_or(self.instant),
            unix_millis,
        }
    }
}
