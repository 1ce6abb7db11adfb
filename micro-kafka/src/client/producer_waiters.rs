//! Whose turn it is when the producer's queue is full.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use parking_lot::Mutex;

/// Those who wait for room in the queue, in the order of their coming.
///
/// Who is woken leaves the list; if there is still no room it comes back with its old ticket, and
/// so before all who came later. Nobody holds anything that a future that is never polled again
/// could keep from the others.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    next: AtomicU64,
    count: AtomicUsize,
    waiting: Mutex<BTreeMap<u64, Waker>>,
}

impl Waiters {
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// A place at the end of the line.
    pub(crate) fn ticket(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits under that ticket; says whether nobody who waits is before it.
    pub(crate) fn register(&self, ticket: u64, waker: &Waker) -> bool {
        let mut waiting = self.waiting.lock();
        waiting
            .entry(ticket)
            .and_modify(|old| old.clone_from(waker))
            .or_insert_with(|| waker.clone());
        self.count.store(waiting.len(), Ordering::SeqCst);
        waiting.keys().next() == Some(&ticket)
    }

    /// Stops waiting; `false` if it had been woken since it registered.
    pub(crate) fn leave(&self, ticket: u64) -> bool {
        let mut waiting = self.waiting.lock();
        let was_waiting = waiting.remove(&ticket).is_some();
        self.count.store(waiting.len(), Ordering::SeqCst);
        was_waiting
    }

    /// Wakes the first `count` in line.
    pub(crate) fn wake(&self, count: usize) {
        if self.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock();
        let woken: Vec<Waker> = std::iter::from_fn(|| waiting.pop_first())
            .take(count)
            .map(|(_, waker)| waker)
            .collect();
        self.count.store(waiting.len(), Ordering::SeqCst);
        drop(waiting);
        woken.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn waiter(waiters: &Waiters) -> (u64, Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (waiters.ticket(), Arc::clone(&count), Waker::from(count))
    }

    #[test]
    fn the_first_in_line_is_woken_first() {
        let waiters = Waiters::default();
        let (first, first_woken, waker) = waiter(&waiters);
        assert!(waiters.register(first, &waker));
        let (second, second_woken, waker) = waiter(&waiters);
        assert!(!waiters.register(second, &waker));
        waiters.wake(1);
        assert_eq!(first_woken.0.load(Ordering::SeqCst), 1);
        assert_eq!(second_woken.0.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn who_finds_no_room_keeps_its_place() {
        let waiters = Waiters::default();
        let (first, _, waker) = waiter(&waiters);
        waiters.register(first, &waker);
        let (second, _, other) = waiter(&waiters);
        waiters.register(second, &other);
        waiters.wake(1);
        assert!(waiters.register(first, &waker), "back at the head");
    }

    #[test]
    fn leaving_tells_whether_the_wake_is_unused() {
        let waiters = Waiters::default();
        let (first, _, waker) = waiter(&waiters);
        waiters.register(first, &waker);
        assert!(waiters.leave(first));
        waiters.register(first, &waker);
        waiters.wake(usize::MAX);
        assert!(!waiters.leave(first));
        assert!(waiters.is_empty());
    }
}
