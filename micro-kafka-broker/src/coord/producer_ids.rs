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
}
