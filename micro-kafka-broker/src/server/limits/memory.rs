//! Memory for requests, over all connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The bytes of large requests that are being received or executed (`queued.max.request.bytes`).
///
/// A request is counted whole, and let in while the limit has not been reached: so the sum may
/// exceed it by one request, and whatever was let in can be completed.
#[derive(Debug)]
pub(in crate::server) struct RequestMemory {
    limit: usize,
    used: AtomicUsize,
    freed: Notify,
}

/// Memory for one request; given back when it is dropped.
#[derive(Debug)]
pub(in crate::server) struct Grant {
    memory: Arc<RequestMemory>,
    bytes: usize,
}

impl RequestMemory {
    /// So many bytes; without a limit for anything that is not above 0.
    pub(in crate::server) fn new(limit: i64) -> Arc<Self> {
        Arc::new(Self {
            limit: usize::try_from(limit)
                .ok()
                .filter(|limit| *limit > 0)
                .unwrap_or(usize::MAX),
            used: AtomicUsize::new(0),
            freed: Notify::new(),
        })
    }

    /// Takes memory for a request, as soon as there is any. Cancel safe.
    pub(in crate::server) async fn take(self: &Arc<Self>, bytes: usize) -> Grant {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // What is freed from here on is not missed.
            freed.as_mut().enable();
            if let Some(grant) = self.try_take(bytes) {
                return grant;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>, bytes: usize) -> Option<Grant> {
        let add = |used: usize| (used < self.limit).then(|| used.saturating_add(bytes));
        let order = Ordering::AcqRel;
        let taken = self.used.fetch_update(order, Ordering::Acquire, add);
        taken.ok().map(|_| Grant {
            memory: Arc::clone(self),
            bytes,
        })
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes, Ordering::AcqRel);
        self.memory.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn what_does_not_fit_waits_until_something_is_given_back() {
        let memory = RequestMemory::new(100);
        let first = memory.take(60).await;
        let second = memory.take(60).await;
        assert!(timeout(HOUR, memory.take(1)).await.is_err());
        let waiting = tokio::spawn({
            let memory = Arc::clone(&memory);
            async move { memory.take(1000).await }
        });
        tokio::task::yield_now().await;
        drop(first);
        let large = timeout(HOUR, waiting).await.unwrap().unwrap();
        drop(second);
        assert!(timeout(HOUR, memory.take(1)).await.is_err());
        drop(large);
        assert_eq!(memory.used.load(Ordering::Acquire), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nothing_waits() {
        for none in [-1, 0] {
            let memory = RequestMemory::new(none);
            let _first = memory.take(usize::MAX / 2).await;
            assert!(timeout(HOUR, memory.take(1 << 30)).await.is_ok());
        }
    }
}
