//! Whose turn it is when the producer's queue is full.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use parking_lot::Mutex;

/// Those who wait for room in the queue, in the order of their coming.
///
/// Who is woken has a grant: it may try before all others. If there is no room after all, it waits
/// on at its old place. Grants that are not used lapse, so that a future that is never polled
/// again holds nobody up for long.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    next: AtomicU64,
    count: AtomicUsize,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiting: BTreeMap<u64, Waker>,
    granted: BTreeSet<u64>,
}

impl Line {
    /// Takes the first `count` out of the line.
    fn grant(&mut self, count: usize) -> Vec<Waker> {
        let first = std::iter::from_fn(|| self.waiting.pop_first()).take(count);
        let (tickets, wakers): (Vec<u64>, Vec<Waker>) = first.unzip();
        self.granted.extend(tickets);
        wakers
    }

    fn is_first(&self, ticket: u64) -> bool {
        let before = |other: Option<&u64>| other.is_some_and(|other| *other < ticket);
        !before(self.waiting.keys().next()) && !before(self.granted.first())
    }
}

impl Waiters {
    /// Whether nobody waits, or was woken and has not tried yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// A place at the end of the line.
    pub(crate) fn ticket(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits under that ticket; says whether it is its turn to try.
    pub(crate) fn register(&self, ticket: u64, waker: &Waker) -> bool {
        self.change(|line| {
            let granted = line.granted.remove(&ticket);
            line.waiting
                .entry(ticket)
                .and_modify(|old| old.clone_from(waker))
                .or_insert_with(|| waker.clone());
            granted || line.is_first(ticket)
        })
    }

    /// Leaves the line with a record sent. There may be room for more.
    pub(crate) fn served(&self, ticket: u64) {
        let next = self.change(|line| {
            line.waiting.remove(&ticket);
            line.granted.remove(&ticket);
            let all_tried = line.granted.is_empty();
            if all_tried { line.grant(1) } else { Vec::new() }
        });
        next.into_iter().for_each(Waker::wake);
    }

    /// Leaves the line without having sent; a grant goes to the next one.
    pub(crate) fn give_up(&self, ticket: u64) {
        let next = self.change(|line| {
            line.waiting.remove(&ticket);
            let had_grant = line.granted.remove(&ticket);
            if had_grant { line.grant(1) } else { Vec::new() }
        });
        next.into_iter().for_each(Waker::wake);
    }

    /// Wakes the first `count` in line.
    pub(crate) fn wake(&self, count: usize) {
        if self.is_empty() {
            return;
        }
        let woken = self.change(|line| line.grant(count));
        woken.into_iter().for_each(Waker::wake);
    }

    /// Withdraws the grants that were not used and wakes the next `count` in line.
    pub(crate) fn lapse(&self, count: usize) {
        if self.is_empty() {
            return;
        }
        let woken = self.change(|line| {
            line.granted.clear();
            line.grant(count)
        });
        woken.into_iter().for_each(Waker::wake);
    }

    fn change<T>(&self, change: impl FnOnce(&mut Line) -> T) -> T {
        let mut line = self.line.lock();
        let result = change(&mut line);
        let count = line.waiting.len() + line.granted.len();
        self.count.store(count, Ordering::SeqCst);
        result
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
        assert!(!waiters.register(second, &other), "the first has the grant");
        assert!(waiters.register(first, &waker), "back at the head");
        assert!(!waiters.register(second, &other));
    }

    #[test]
    fn a_grant_that_is_given_up_goes_to_the_next() {
        let waiters = Waiters::default();
        let (first, _, waker) = waiter(&waiters);
        waiters.register(first, &waker);
        let (second, second_woken, waker) = waiter(&waiters);
        waiters.register(second, &waker);
        waiters.wake(1);
        waiters.give_up(first);
        assert_eq!(second_woken.0.load(Ordering::SeqCst), 1);
        waiters.give_up(second);
        assert!(waiters.is_empty());
    }

    #[test]
    fn an_unused_grant_lapses() {
        let waiters = Waiters::default();
        let (stuck, _, waker) = waiter(&waiters);
        waiters.register(stuck, &waker);
        let (second, second_woken, waker) = waiter(&waiters);
        waiters.register(second, &waker);
        waiters.wake(1);
        waiters.lapse(1);
        assert_eq!(second_woken.0.load(Ordering::SeqCst), 1);
        assert!(waiters.register(second, &waker));
    }

    #[test]
    fn the_last_one_served_lets_the_next_one_try() {
        let waiters = Waiters::default();
        let (first, _, waker) = waiter(&waiters);
        waiters.register(first, &waker);
        let (second, second_woken, waker) = waiter(&waiters);
        waiters.register(second, &waker);
        waiters.wake(1);
        waiters.served(first);
        assert_eq!(second_woken.0.load(Ordering::SeqCst), 1);
    }
}
