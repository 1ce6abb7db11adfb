//! Faults of the broker itself, which are on or off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::ApiKey;

/// Requests that write something down.
const WRITES: [ApiKey; 12] = [
    ApiKey::Produce,
    ApiKey::OffsetCommit,
    ApiKey::JoinGroup,
    ApiKey::SyncGroup,
    ApiKey::LeaveGroup,
    ApiKey::InitProducerId,
    ApiKey::AddPartitionsToTxn,
    ApiKey::AddOffsetsToTxn,
    ApiKey::EndTxn,
    ApiKey::WriteTxnMarkers,
    ApiKey::TxnOffsetCommit,
    ApiKey::OffsetDelete,
];

/// Faults of the broker itself. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switches(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    markers_held: watch::Sender<bool>,
    refusing: watch::Sender<bool>,
    disk_full: AtomicBool,
    /// In nanoseconds.
    disk_delay: AtomicU64,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            markers_held: watch::Sender::new(false),
            refusing: watch::Sender::new(false),
            disk_full: AtomicBool::new(false),
            disk_delay: AtomicU64::new(0),
        }
    }
}

impl Switches {
    pub(super) fn hold_markers(&self, held: bool) {
        self.0.markers_held.send_replace(held);
    }

    pub(super) fn refuse(&self, refusing: bool) {
        self.0.refusing.send_replace(refusing);
    }

    pub(super) fn fill_disk(&self, full: bool) {
        self.0.disk_full.store(full, Ordering::Release);
    }

    pub(super) fn slow_disk(&self, delay: Duration) {
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        self.0.disk_delay.store(nanos, Ordering::Release);
    }

    /// Whether markers of transactions wait.
    pub(crate) fn are_markers_held(&self) -> bool {
        *self.0.markers_held.borrow()
    }

    /// Told when markers are held or no longer.
    pub(crate) fn markers(&self) -> watch::Receiver<bool> {
        self.0.markers_held.subscribe()
    }

    /// Told when connections are refused or no longer.
    pub(crate) fn refusing(&self) -> watch::Receiver<bool> {
        self.0.refusing.subscribe()
    }

    /// Whether nothing can be stored.
    pub(crate) fn is_disk_full(&self) -> bool {
        self.0.disk_full.load(Ordering::Acquire)
    }

    /// How much longer a request takes because of the disk.
    pub(crate) fn disk_delay(&self, api: ApiKey) -> Option<Duration> {
        let delay = Duration::from_nanos(self.0.disk_delay.load(Ordering::Acquire));
        (!delay.is_zero() && WRITES.contains(&api)).then_some(delay)
    }

    /// Whether the disk is slow.
    pub(super) fn is_disk_slow(&self) -> bool {
        self.0.disk_delay.load(Ordering::Acquire) > 0
    }
}
