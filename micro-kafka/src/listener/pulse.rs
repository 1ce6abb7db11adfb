//! What a consumer's loop is busy with, for the watchdog beside it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::client::Slot;

/// Written by the loop before each handler, read by the watchdog.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Milliseconds since the process's first pulse, plus one; 0 while no handler is being polled.
    since: AtomicU64,
    slot: AtomicU32,
    offset: AtomicI64,
}

/// A handler that holds its loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) slot: Slot,
    pub(super) offset: i64,
    pub(super) duration: Duration,
}

impl Pulse {
    pub(super) fn begin(&self, slot: Slot, offset: i64, now: Instant) {
        self.slot.store(slot, Ordering::Relaxed);
        self.offset.store(offset, Ordering::Relaxed);
        self.since.store(millis(now) + 1, Ordering::Release);
    }

    /// The next record, without looking at the clock.
    pub(super) fn at(&self, offset: i64) {
        self.offset.store(offset, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.since.store(0, Ordering::Release);
    }

    /// Who holds the loop, if a handler is being polled.
    pub(super) fn hold(&self) -> Option<Hold> {
        let since = self.since.load(Ordering::Acquire).checked_sub(1)?;
        Some(Hold {
            slot: self.slot.load(Ordering::Relaxed),
            offset: self.offset.load(Ordering::Relaxed),
            duration: Duration::from_millis(millis(Instant::now()).saturating_sub(since)),
        })
    }
}

fn millis(now: Instant) -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = now.saturating_duration_since(*START.get_or_init(Instant::now));
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
