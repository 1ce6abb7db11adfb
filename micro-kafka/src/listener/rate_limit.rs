//! How many records of a listener may begin in a time.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::config::parse_duration;

/// How many records of a listener may begin in a time, all its consumers together and every attempt
/// counted: `100/s`, `30/m`, `1000/500ms`.
///
/// They begin evenly spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    records: u32,
    time: Duration,
}

/// Why a text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a rate: write how many records in which time, at least one and at most a million in a second, for example \"100/s\", \"30/m\" or \"1000/500ms\""
)]
pub struct RateLimitError;

/// A timer that is late by no more than this is made up for.
const SLACK: Duration = Duration::from_millis(10);
const SHORTEST: Duration = Duration::from_micros(1);

impl RateLimit {
    /// So many records in that time.
    ///
    /// # Errors
    /// If it is none, or more than a million in a second.
    pub fn new(records: u32, time: Duration) -> Result<Self, RateLimitError> {
        let limit = Self { records, time };
        match records > 0 && time > Duration::ZERO && limit.spacing() >= SHORTEST {
            true => Ok(limit),
            false => Err(RateLimitError),
        }
    }

    /// The time from one record to the next.
    #[must_use]
    pub fn spacing(self) -> Duration {
        self.time / self.records.max(1)
    }
}

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, RateLimitError> {
        let (records, time) = text.split_once('/').ok_or(RateLimitError)?;
        let records = records.trim().parse().map_err(|_| RateLimitError)?;
        let time = time.trim();
        let one = match time.starts_with(|first: char| first.is_ascii_digit()) {
            true => parse_duration(time),
            false => parse_duration(&format!("1{time}")),
        };
        Self::new(records, one.map_err(|_| RateLimitError)?)
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}ms", self.records, self.time.as_millis())
    }
}

/// The beginnings of a listener's records, spaced.
#[derive(Debug)]
pub(super) struct Pace {
    spacing: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self {
            spacing: limit.spacing(),
            next: Mutex::new(None),
        }
    }

    /// When the next record may begin, if not now.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.next.lock().filter(|due| *due > now)
    }

    /// So many records begin.
    pub(super) fn begin(&self, now: Instant, records: u32) {
        let mut next = self.next.lock();
        let due = next.unwrap_or(now);
        let from = due.max(now.checked_sub(SLACK).unwrap_or(now));
        *next = Some(from + self.spacing * records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn rates_are_read() {
        let spacing = |text: &str| text.parse().map(RateLimit::spacing);
        assert_eq!(spacing("100/s"), Ok(ms(10)));
        assert_eq!(spacing(" 30 / m "), Ok(ms(2_000)));
        assert_eq!(spacing("1000/500ms"), Ok(Duration::from_micros(500)));
        for wrong in ["", "100", "0/s", "/s", "1/0s", "1/x", "-1/s", "2000000/s"] {
            assert_eq!(spacing(wrong), Err(RateLimitError), "{wrong}");
        }
        let rate: RateLimit = "7/m".parse().unwrap();
        assert_eq!(rate.to_string().parse(), Ok(rate));
    }

    /// Begins a record, or tells when it may.
    fn take(pace: &Pace, now: Instant) -> Result<(), Instant> {
        let due = pace.due(now);
        if due.is_none() {
            pace.begin(now, 1);
        }
        due.map_or(Ok(()), Err)
    }

    #[test]
    fn a_second_has_exactly_as_many_as_it_may() {
        let pace = Pace::new("100/s".parse().unwrap());
        let start = Instant::now();
        let (mut now, mut begun) = (start, 0);
        while now < start + ms(10_000) {
            match take(&pace, now) {
                Ok(()) => begun += 1,
                Err(due) => now = due,
            }
        }
        assert_eq!(begun, 1_000);
    }

    #[test]
    fn late_timers_cost_no_records_and_a_rest_saves_none_up() {
        let pace = Pace::new("1000/s".parse().unwrap());
        let start = Instant::now();
        let (mut now, mut begun) = (start, 0);
        while now < start + ms(1_000) {
            match take(&pace, now) {
                Ok(()) => begun += 1,
                // A timer is late.
                Err(due) => now = due + Duration::from_micros(1_700),
            }
        }
        assert!((998..=1_002).contains(&begun), "{begun}");
        let later = now + ms(60_000);
        let at_once = (0..100).filter(|_| take(&pace, later).is_ok()).count();
        assert_eq!(at_once, 11, "of ten milliseconds");
    }

    #[test]
    fn a_batch_pays_for_all_its_records() {
        let pace = Pace::new("10/s".parse().unwrap());
        let now = Instant::now();
        pace.begin(now, 5);
        assert_eq!(take(&pace, now), Err(now + ms(500)));
    }
}
