//! How many records may go away from their topic in a minute, so that an outage does not empty it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What is looked at.
const MINUTE: Duration = Duration::from_secs(60);

/// How many records of a listener may enter retry topics or dead letters: a share of those that a
/// minute's attempts were made with. Beyond it the listener's breaker opens, and partitions wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudgetSpec {
    /// The share of a minute's records, in percent. Default 20.
    pub percent: u32,
    /// So many of a minute may go whatever their share is. Default 10.
    pub at_least: u32,
}

impl Default for RetryBudgetSpec {
    fn default() -> Self {
        Self {
            percent: 20,
            at_least: 10,
        }
    }
}

/// What is left of it; whoever calls it brings the time.
#[derive(Debug)]
pub(super) struct RetryBudget {
    spec: RetryBudgetSpec,
    /// The last minute, second by second, as far as there was anything.
    seconds: VecDeque<Second>,
    records: u64,
    gone: u64,
}

#[derive(Debug)]
struct Second {
    began: Instant,
    records: u64,
    gone: u64,
}

impl RetryBudget {
    pub(super) fn new(spec: RetryBudgetSpec) -> Self {
        Self {
            spec,
            seconds: VecDeque::new(),
            records: 0,
            gone: 0,
        }
    }

    pub(super) fn percent(&self) -> u32 {
        self.spec.percent
    }

    /// The records of the last minute, and how many of them went away.
    pub(super) fn used(&self) -> (u64, u64) {
        (self.records, self.gone)
    }

    /// Attempts were made with so many records.
    pub(super) fn count(&mut self, now: Instant, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.second(now).records += records;
        self.records += records;
    }

    /// A record goes away, if it may.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.forget(now);
        let share = self.records.saturating_mul(u64::from(self.spec.percent)) / 100;
        let may = self.gone < share.max(u64::from(self.spec.at_least));
        if may {
            self.second(now).gone += 1;
            self.gone += 1;
        }
        may
    }

    fn second(&mut self, now: Instant) -> &mut Second {
        self.forget(now);
        let is_over = |last: &Second| now >= last.began + Duration::from_secs(1);
        if self.seconds.back().is_none_or(is_over) {
            self.seconds.push_back(Second {
                began: now,
                records: 0,
                gone: 0,
            });
        }
        let last = self.seconds.len() - 1;
        &mut self.seconds[last]
    }

    fn forget(&mut self, now: Instant) {
        while let Some(first) = self.seconds.front() {
            if now < first.began + MINUTE {
                return;
            }
            self.records -= first.records;
            self.gone -= first.gone;
            self.seconds.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_few_may_go_whatever_their_share() {
        let mut budget = RetryBudget::new(RetryBudgetSpec::default());
        let now = Instant::now();
        budget.count(now, 3);
        for _ in 0..10 {
            assert!(budget.take(now));
        }
        assert!(!budget.take(now));
        assert_eq!(budget.used(), (3, 10));
        assert!(!budget.take(now + Duration::from_secs(59)));
        assert!(budget.take(now + MINUTE), "a minute later");
    }

    #[test]
    fn a_share_of_many_may_go() {
        let mut budget = RetryBudget::new(RetryBudgetSpec::default());
        let now = Instant::now();
        budget.count(now, 1_000);
        assert_eq!((0..1_000).filter(|_| budget.take(now)).count(), 200);
    }

    proptest! {
        /// Against a plain list of what happened.
        #[test]
        fn no_minute_loses_more_than_its_share(
            steps in prop::collection::vec((0..4_000_u64, 0..40_usize, 0..12_usize), 1..120),
            percent in 1..100_u32, at_least in 0..20_u32,
        ) {
            let spec = RetryBudgetSpec { percent, at_least };
            let (mut budget, start) = (RetryBudget::new(spec), Instant::now());
            let (mut now, mut counted, mut gone) = (start, Vec::new(), Vec::new());
            for (wait, records, failures) in steps {
                now += Duration::from_millis(wait);
                budget.count(now, records);
                counted.push((now, records));
                for _ in 0..failures {
                    if budget.take(now) {
                        gone.push(now);
                    }
                }
                // A second begins with its first record, so that the window is up to one shorter.
                let recent = |at: Instant, window: u64| now < at + Duration::from_secs(window);
                let records = counted.iter().filter(|(at, _)| recent(*at, 60));
                let records = records.map(|(_, records)| *records as u64).sum::<u64>();
                let left = gone.iter().filter(|at| recent(**at, 59)).count() as u64;
                // Shares were larger when more records were in the minute.
                let all = counted.iter().filter(|(at, _)| recent(*at, 120));
                let all = all.map(|(_, records)| *records as u64).sum::<u64>();
                let most = (all * u64::from(percent) / 100).max(u64::from(at_least));
                prop_assert!(left <= most, "{left} of {records}");
            }
        }
    }
}
