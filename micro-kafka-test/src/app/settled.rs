//! What a listener did until it settled.

use std::panic::Location;

use micro_kafka::listener::StatsSnapshot;

use crate::deadline::fail;

/// What a listener, or all of an application together, did until it settled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settled {
    /// Its counters.
    pub stats: StatsSnapshot,
}

impl Settled {
    /// Asserts how often its handler was called, all records and attempts together.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_attempts(&self, expected: u64) -> &Self {
        let attempts = self.stats.handled + self.stats.failed;
        self.check(attempts, expected, "attempts")
    }

    /// Asserts how many records its handler succeeded with.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_handled(&self, expected: u64) -> &Self {
        self.check(self.stats.handled, expected, "handled records")
    }

    /// Asserts how often records were tried again.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_retried(&self, expected: u64) -> &Self {
        self.check(self.stats.retried, expected, "retries")
    }

    /// Asserts how many records failed and count as done.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_skipped(&self, expected: u64) -> &Self {
        self.check(self.stats.skipped, expected, "skipped records")
    }

    /// Asserts how many records the listener's filter did not want.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_filtered(&self, expected: u64) -> &Self {
        self.check(self.stats.filtered, expected, "filtered records")
    }

    /// Asserts how many records went to the dead-letter topic.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_dead_lettered(&self, expected: u64) -> &Self {
        self.check(self.stats.dead_lettered, expected, "dead letters")
    }

    #[track_caller]
    fn check(&self, count: u64, expected: u64, what: &str) -> &Self {
        if count != expected {
            let (place, stats) = (Location::caller(), self.stats);
            let message = format!("expected {expected} {what}, there were {count}: {stats:?}");
            fail(place, &message);
        }
        self
    }

    /// Adds what another listener did.
    pub(super) fn add(&mut self, other: StatsSnapshot) {
        let stats = &mut self.stats;
        stats.handled += other.handled;
        stats.failed += other.failed;
        stats.retried += other.retried;
        stats.dead_lettered += other.dead_lettered;
        stats.skipped += other.skipped;
        stats.held += other.held;
        stats.filtered += other.filtered;
        stats.foreign_replays += other.foreign_replays;
        stats.voided += other.voided;
        stats.commits += other.commits;
        stats.busy += other.busy;
    }
}
