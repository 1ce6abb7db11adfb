//! `[kafka.listener.alarm]` and `[kafka.listeners.<id>.alarm]`.

use std::time::Duration;

use super::section::Section;
use super::values::{integer, positive_duration};

/// The longest memory of an alarm.
const MOST: u32 = 100_000;

/// When failures are worth an alarm, as it was written; without a number there is none.
///
/// ```toml
/// [kafka.listeners.charge.alarm]
/// dead-letters = 10            # that many …
/// retries = 1_000
/// within = "1m"                # … in that time
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlarmSettings {
    /// `dead-letters`: how many records that are given up; 1 to 100,000.
    pub dead_letters: Option<u32>,
    /// `retries`: how many further attempts; 1 to 100,000.
    pub retries: Option<u32>,
    /// `within`: in which time; default 1 minute.
    pub within: Option<Duration>,
}

impl AlarmSettings {
    pub(super) fn or(self, fallback: Self) -> Self {
        Self {
            dead_letters: self.dead_letters.or(fallback.dead_letters),
            retries: self.retries.or(fallback.retries),
            within: self.within.or(fallback.within),
        }
    }

    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            dead_letters: section.read("dead-letters", integer(1..=MOST)),
            retries: section.read("retries", integer(1..=MOST)),
            within: section.read("within", positive_duration),
        };
        section.refuse_unknown();
        settings
    }
}
