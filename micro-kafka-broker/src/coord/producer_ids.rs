//! Ids for idempotent producers.

use std::sync::atomic::{AtomicI64, Ordering};

/// Gives every producer an id of its own, beginning with 0.
#[derive(Debug, Default)]
pub(crate) struct ProducerIds(AtomicI64);

impl ProducerIds {
    /// An id that no producer has.
    pub(crate) fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes that a producer has an id, from before this broker's start; -1 is nobody's.
    pub(crate) fn take(&self, id: i64) {
        self.0.fetch_max(id.saturating_add(1), Ordering::Relaxed);
    }
}
