//! How fast connections may be made.

use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// At most so many connections a second; up to one second's worth may come at once.
#[derive(Debug, Default)]
pub(super) struct CreationRate {
    /// The time up to which connections have been taken up.
    taken: Option<Instant>,
}

/// Time that a connection takes up; a rate of 0 lets nobody in.
fn each(per_second: usize) -> Duration {
    let per_second = u32::try_from(per_second).unwrap_or(u32::MAX);
    SECOND.checked_div(per_second).unwrap_or(Duration::MAX)
}

impl CreationRate {
    /// How long the next connection must wait.
    pub(super) fn wait(&self, per_second: usize, now: Instant) -> Duration {
        let taken = self.taken.unwrap_or(now).saturating_duration_since(now);
        let needed = taken.saturating_add(each(per_second));
        needed.saturating_sub(SECOND)
    }

    /// Counts a connection.
    pub(super) fn count(&mut self, per_second: usize, now: Instant) {
        let begin = self.taken.map_or(now, |taken| taken.max(now));
        self.taken = begin.checked_add(each(per_second));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_may_come_at_once_and_then_one_at_a_time() {
        let (mut rate, start) = (CreationRate::default(), Instant::now());
        let quarter = SECOND / 4;
        for nth in 0..4 {
            assert_eq!(rate.wait(4, start), Duration::ZERO, "{nth}");
            rate.count(4, start);
        }
        assert_eq!(rate.wait(4, start), quarter);
        assert_eq!(rate.wait(4, start + quarter), Duration::ZERO);
        rate.count(4, start + quarter);
        assert_eq!(rate.wait(4, start + quarter), quarter);
        assert_eq!(rate.wait(4, start + SECOND * 60), Duration::ZERO);
        rate.count(4, start + SECOND * 60);
        assert_eq!(rate.wait(1, start + SECOND * 60), quarter, "another rate");
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept() {
        let (mut rate, start) = (CreationRate::default(), Instant::now());
        let mut now = start;
        for _ in 0..110 {
            now += rate.wait(10, now);
            rate.count(10, now);
        }
        assert_eq!(now - start, 10 * SECOND);
    }

    #[test]
    fn a_rate_of_zero_lets_nobody_in() {
        assert!(CreationRate::default().wait(0, Instant::now()) > SECOND * 1000);
    }
}
