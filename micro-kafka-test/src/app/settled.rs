//! What a listener did until it settled.

use std::panic::Location;

use micro_kafka::listener::StatsSnapshot;

use crate::deadline::fail;

/// What a listener did until it settled.
#[derive(Debug, Clone, Copy)]
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
        if attempts != expected {
            fail(
                Location::caller(),
                &format!(
                    "expected {expected} attempts, there were {attempts}: {:?}",
                    self.stats
                ),
            );
        }
        self
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
        if self.stats.handled != expected {
            fail(
                Location::caller(),
                &format!("expected {expected} handled records: {:?}", self.stats),
            );
        }
        self
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
        if self.stats.dead_lettered != expected {
            fail(
                Location::caller(),
                &format!("expected {expected} dead letters: {:?}", self.stats),
            );
        }
        self
    }
}
