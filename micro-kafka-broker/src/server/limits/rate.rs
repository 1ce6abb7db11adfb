//! How fast connections may be made.

use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// At most so many connections a second; up to one second's worth may come at once.
#[derive(Debug)]
pub(super) struct CreationRate {
    /// Time that a connection takes up; `None` where none is ever allowed.
    each: Option<Duration>,
    /// The time up to which connections have been taken up.
    taken: Option<Instant>,
}

impl CreationRate {
    /// The limit of `max.connection.creation.rate`.
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            each: SECOND.checked_div(per_second),
            taken: None,
        }
    }

    /// How long the next connection must wait; `None` for ever.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let each = self.each?;
        let next = self.taken.map(|taken| taken + each);
        let early = next.map(|next| next.saturating_duration_since(now));
        Some(early.unwrap_or_default().saturating_sub(SECOND))
    }

    /// Counts a connection.
    pub(super) fn count(&mut self, now: Instant) {
        if let Some(each) = self.each {
            self.taken = Some(self.taken.map_or(now, |taken| taken.max(now)) + each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_may_come_at_once_and_then_one_at_a_time() {
        let (mut rate, start) = (CreationRate::new(4), Instant::now());
        let quarter = SECOND / 4;
        for nth in 0..4 {
            assert_eq!(rate.wait(start), Some(Duration::ZERO), "{nth}");
            rate.count(start);
        }
        assert_eq!(rate.wait(start), Some(quarter));
        assert_eq!(rate.wait(start + quarter), Some(Duration::ZERO));
        rate.count(start + quarter);
        assert_eq!(rate.wait(start + quarter), Some(quarter));
        assert_eq!(rate.wait(start + SECOND * 60), Some(Duration::ZERO));
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept() {
        let (mut rate, start) = (CreationRate::new(10), Instant::now());
        let mut now = start;
        for _ in 0..110 {
            now += rate.wait(now).unwrap();
            rate.count(now);
        }
        assert_eq!(now - start, 10 * SECOND);
    }

    #[test]
    fn a_rate_of_zero_lets_nobody_in() {
        assert_eq!(CreationRate::new(0).wait(Instant::now()), None);
    }
}
