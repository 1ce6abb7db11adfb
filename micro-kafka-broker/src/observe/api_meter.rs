//! What one API was asked, and how it answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::Histogram;
use crate::wire::ErrorTally;

/// More than the newest version of any API.
const VERSIONS: usize = 24;

/// Counts of one API.
#[derive(Debug)]
pub(crate) struct ApiMeter {
    by_version: [AtomicU64; VERSIONS],
    time: Histogram,
    none: AtomicU64,
    errors: Mutex<BTreeMap<i16, u64>>,
}

impl Default for ApiMeter {
    fn default() -> Self {
        Self {
            by_version: [const { AtomicU64::new(0) }; VERSIONS],
            time: Histogram::default(),
            none: AtomicU64::new(0),
            errors: Mutex::default(),
        }
    }
}

impl ApiMeter {
    /// A request was dealt with.
    pub(crate) fn served(&self, version: i16, time: Duration) {
        let count = usize::try_from(version).ok();
        if let Some(count) = count.and_then(|version| self.by_version.get(version)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.time.record(time);
    }

    /// An answer told these codes.
    pub(crate) fn answered(&self, tally: &ErrorTally) {
        if tally.none > 0 {
            self.none.fetch_add(tally.none, Ordering::Relaxed);
        }
        if tally.errors.is_empty() {
            return;
        }
        let mut errors = self.errors.lock();
        for (code, count) in &tally.errors {
            *errors.entry(*code).or_default() += count;
        }
    }

    /// Requests by version, where there were any.
    pub(crate) fn requests(&self) -> Vec<(usize, u64)> {
        let counts = self.by_version.iter().map(|v| v.load(Ordering::Relaxed));
        counts.enumerate().filter(|(_, count)| *count > 0).collect()
    }

    /// How long the requests took.
    pub(crate) fn time(&self) -> &Histogram {
        &self.time
    }

    /// How often each error code was told, `NONE` first.
    pub(crate) fn errors(&self) -> Vec<(i16, u64)> {
        let none = self.none.load(Ordering::Relaxed);
        let none = (none > 0).then_some((0, none));
        let errors = self.errors.lock();
        let others = errors.iter().map(|(code, count)| (*code, *count));
        none.into_iter().chain(others).collect()
    }
}
