//! `[kafka.listener.batch]`: how batches are collected.

use std::time::Duration;

use super::section::Section;
use super::values::{duration, integer};
use crate::listener::BatchSpec;

/// What one call of a handler takes more of is no gain.
const MAX_BATCH: usize = 100_000;

/// How batches are collected, as it was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchSettings {
    /// `max`: the most records of one call; 1 to 100,000.
    pub max: Option<usize>,
    /// `linger`: how long a call waits for more records, if it has fewer.
    pub linger: Option<Duration>,
}

impl BatchSettings {
    pub(super) fn or(self, fallback: Self) -> Self {
        Self {
            max: self.max.or(fallback.max),
            linger: self.linger.or(fallback.linger),
        }
    }

    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            max: section.read("max", integer(1..=MAX_BATCH)),
            linger: section.read("linger", duration),
        };
        section.refuse_unknown();
        settings
    }

    /// With the defaults.
    pub(super) fn resolved(self) -> BatchSpec {
        let default = BatchSpec::default();
        BatchSpec {
            max: self.max.unwrap_or(default.max),
            linger: self.linger.unwrap_or(default.linger),
        }
    }
}
