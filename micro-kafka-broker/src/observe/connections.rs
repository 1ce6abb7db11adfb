//! The connections of one listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    made: AtomicU64,
    ended: AtomicU64,
}

impl Connections {
    /// Counts one until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> OpenConnection {
        self.made.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }

    /// How many there are.
    pub(crate) fn open(&self) -> u64 {
        // In this order, so that it is never less than none.
        let ended = self.ended.load(Ordering::Acquire);
        self.made.load(Ordering::Acquire).saturating_sub(ended)
    }

    /// How many there have been.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct OpenConnection(Arc<Connections>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Release);
    }
}
