//! Fetches that wait for records.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

use super::{Isolation, Partition};

/// One waiting fetch; shared by the partitions it reads.
#[derive(Debug)]
pub(crate) struct FetchWaiter {
    missing: AtomicI64,
    isolation: Isolation,
    woken: Notify,
}

impl FetchWaiter {
    /// A fetch that wants `missing` more bytes of what it may see.
    #[must_use]
    pub(crate) fn new(missing: usize, isolation: Isolation) -> Arc<Self> {
        Arc::new(Self {
            missing: AtomicI64::new(i64::try_from(missing).unwrap_or(i64::MAX)),
            isolation,
            woken: Notify::new(),
        })
    }

    /// What the fetch may see.
    pub(super) fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Counts new bytes; true when the fetch now has enough and was woken.
    pub(super) fn arrived(&self, bytes: usize) -> bool {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let before = self.missing.fetch_sub(bytes, Ordering::AcqRel);
        let enough = before <= bytes;
        if enough {
            self.woken.notify_one();
        }
        enough
    }

    /// Wakes the fetch whatever it has, because something else must be answered.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }
}

/// The registration of a waiter with partitions; dropping it takes the waiter back.
#[derive(Debug)]
pub(crate) struct FetchWait {
    waiter: Arc<FetchWaiter>,
    partitions: Vec<Arc<Partition>>,
}

impl FetchWait {
    /// Registers `waiter`; it is woken at once if a partition has moved beyond the end seen.
    ///
    /// `seen` holds each partition with the end offset that the fetch has read up to.
    #[must_use]
    pub(crate) fn register(
        waiter: Arc<FetchWaiter>,
        seen: impl IntoIterator<Item = (Arc<Partition>, i64)>,
    ) -> Self {
        let mut partitions = Vec::new();
        for (partition, end) in seen {
            partition.add_waiter(&waiter, end);
            partitions.push(partition);
        }
        Self { waiter, partitions }
    }

    /// Waits until enough has arrived. Cancel safe.
    pub(crate) async fn woken(&self) {
        self.waiter.woken.notified().await;
    }
}

impl Drop for FetchWait {
    fn drop(&mut self) {
        for partition in &self.partitions {
            partition.remove_waiter(&self.waiter);
        }
    }
}
