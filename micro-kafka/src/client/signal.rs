//! How librdkafka's threads wake a consumer's loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// Raised by any of a consumer's queues; waited for by its one loop.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: AtomicBool,
    waker: AtomicWaker,
}

impl Signal {
    pub(crate) fn raise(&self) {
        self.raised.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Ready once for all the times it was raised since.
    pub(crate) fn poll_raised(&self, context: &Context<'_>) -> Poll<()> {
        if self.raised.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        self.waker.register(context.waker());
        // It may have been raised between the look and the registration.
        if self.raised.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// One queue's part of a [`Signal`].
#[derive(Debug)]
pub(crate) struct QueueSignal {
    filled: AtomicBool,
    signal: Arc<Signal>,
}

impl QueueSignal {
    /// Starts raised: what was queued before a callback is installed does not fire it.
    pub(crate) fn new(signal: &Arc<Signal>) -> Self {
        signal.raise();
        Self {
            filled: AtomicBool::new(true),
            signal: Arc::clone(signal),
        }
    }

    pub(crate) fn fill(&self) {
        self.filled.store(true, Ordering::Release);
        self.signal.raise();
    }

    /// As [`Signal::poll_raised`], for a queue that has its signal for itself.
    pub(crate) fn poll_raised(&self, context: &Context<'_>) -> Poll<()> {
        self.signal.poll_raised(context)
    }

    /// Whether the queue went from empty to filled since the last call.
    pub(crate) fn take(&self) -> bool {
        self.filled.load(Ordering::Relaxed) && self.filled.swap(false, Ordering::AcqRel)
    }
}
