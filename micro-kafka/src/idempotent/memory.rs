//! Keys in memory.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::{
    Busy, Claim, ClaimRequest, Claimed, DEFAULT_CAPACITY, IdempotencyStore, StoreError, StoreFuture,
};

/// Remembers keys in this process: a restart forgets them, and another instance does not know them.
/// Cheap to clone; clones are the same store.
///
/// When it is full it forgets the oldest key, whatever its window.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    capacity: usize,
    keys: HashMap<Arc<str>, Mark>,
    /// Those that are done, the oldest first, and when each is forgotten.
    done: VecDeque<(Duration, Arc<str>)>,
}

#[derive(Debug)]
enum Mark {
    /// Dropped when the claim ends, which wakes who waits.
    Claimed(watch::Sender<()>),
    Done(Duration),
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

impl MemoryStore {
    /// A store of 100,000 keys, all listeners together.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of that many keys, and at least one.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            capacity: keys.max(1),
            keys: HashMap::new(),
            done: VecDeque::new(),
        })))
    }

    /// How many keys it remembers as done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().done.len()
    }

    /// Whether it remembers none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl State {
    fn forget(&mut self, now: Duration) {
        while let Some((until, key)) = self.done.front() {
            if *until > now && self.done.len() <= self.capacity {
                return;
            }
            // A key that was done again since stands further behind, too.
            if matches!(self.keys.get(key), Some(Mark::Done(mark)) if mark == until) {
                self.keys.remove(key);
            }
            self.done.pop_front();
        }
    }

    fn claim(&mut self, name: Arc<str>, now: Duration) -> Result<(), Option<watch::Receiver<()>>> {
        match self.keys.entry(name) {
            Entry::Vacant(vacant) => {
                vacant.insert(Mark::Claimed(watch::Sender::new(())));
                Ok(())
            }
            Entry::Occupied(mut occupied) => match occupied.get() {
                Mark::Claimed(end) => Err(Some(end.subscribe())),
                Mark::Done(until) if *until > now => Err(None),
                Mark::Done(_) => {
                    occupied.insert(Mark::Claimed(watch::Sender::new(())));
                    Ok(())
                }
            },
        }
    }
}

impl IdempotencyStore for MemoryStore {
    fn claim<'a>(
        &'a self,
        request: ClaimRequest<'a>,
    ) -> StoreFuture<'a, Result<Claim, StoreError>> {
        let name: Arc<str> = format!("{}\0{}", request.scope, request.key).into();
        let mut state = self.0.lock();
        state.forget(request.now);
        let claim = match state.claim(Arc::clone(&name), request.now) {
            Ok(()) => Claim::Fresh(Box::new(InMemory {
                store: self.clone(),
                name,
                until: request.now.saturating_add(request.window),
                ended: false,
            })),
            Err(None) => Claim::Seen,
            Err(Some(mut end)) => Claim::Busy(Busy::until(async move {
                // An error is the end that is waited for.
                let _ = end.changed().await;
            })),
        };
        Box::pin(std::future::ready(Ok(claim)))
    }
}

#[derive(Debug)]
struct InMemory {
    store: MemoryStore,
    name: Arc<str>,
    until: Duration,
    ended: bool,
}

impl Claimed for InMemory {
    fn complete(mut self: Box<Self>) -> StoreFuture<'static, Result<(), StoreError>> {
        self.ended = true;
        let mut state = self.store.0.lock();
        let mark = Mark::Done(self.until);
        state.keys.insert(Arc::clone(&self.name), mark);
        state.done.push_back((self.until, Arc::clone(&self.name)));
        drop(state);
        Box::pin(std::future::ready(Ok(())))
    }

    fn release(self: Box<Self>) -> StoreFuture<'static, ()> {
        drop(self);
        Box::pin(std::future::ready(()))
    }
}

impl Drop for InMemory {
    fn drop(&mut self) {
        if !self.ended {
            self.store.0.lock().keys.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idempotent::Assignment;

    fn request(key: &str, now: u64) -> ClaimRequest<'_> {
        ClaimRequest {
            scope: "billing/charge",
            key,
            window: Duration::from_secs(10),
            now: Duration::from_secs(now),
            assignment: Assignment {
                group: "billing",
                topic: "orders",
                partition: 0,
                epoch: 0,
            },
            offset: 0,
            transaction: None,
        }
    }

    async fn fresh(store: &MemoryStore, key: &str, now: u64) -> Box<dyn Claimed> {
        match store.claim(request(key, now)).await.unwrap() {
            Claim::Fresh(claimed) => claimed,
            other => panic!("{key} at {now}: {other:?}"),
        }
    }

    async fn is_seen(store: &MemoryStore, key: &str, now: u64) -> bool {
        matches!(store.claim(request(key, now)).await.unwrap(), Claim::Seen)
    }

    #[tokio::test]
    async fn a_key_is_seen_within_its_window_only() {
        let store = MemoryStore::new();
        fresh(&store, "a", 0).await.complete().await.unwrap();
        assert!(is_seen(&store, "a", 9).await);
        fresh(&store, "a", 10).await.complete().await.unwrap();
        assert!(is_seen(&store, "a", 19).await);
        assert_eq!(store.len(), 1);
    }

    #[tokio::test]
    async fn a_claim_that_is_released_or_dropped_can_be_claimed_again() {
        let store = MemoryStore::new();
        fresh(&store, "a", 0).await.release().await;
        drop(fresh(&store, "a", 0).await);
        fresh(&store, "a", 0).await.complete().await.unwrap();
        assert!(is_seen(&store, "a", 0).await);
    }

    #[tokio::test]
    async fn who_comes_while_it_is_handled_waits_for_the_end() {
        let store = MemoryStore::new();
        let first = fresh(&store, "a", 0).await;
        let Claim::Busy(busy) = store.claim(request("a", 0)).await.unwrap() else {
            panic!("claimed twice");
        };
        let mut wait = Box::pin(busy.wait());
        assert!(futures_util::poll!(wait.as_mut()).is_pending());
        first.complete().await.unwrap();
        wait.await;
        assert!(is_seen(&store, "a", 0).await);
    }

    #[tokio::test]
    async fn a_full_store_forgets_the_oldest_key() {
        let store = MemoryStore::with_capacity(2);
        for key in ["a", "b", "c"] {
            fresh(&store, key, 0).await.complete().await.unwrap();
        }
        assert!(is_seen(&store, "b", 0).await && is_seen(&store, "c", 0).await);
        drop(fresh(&store, "a", 0).await);
        assert_eq!(store.len(), 2);
    }

    #[tokio::test]
    async fn scopes_do_not_meet() {
        let store = MemoryStore::new();
        fresh(&store, "a", 0).await.complete().await.unwrap();
        let mut other = request("a", 0);
        other.scope = "billing/refund";
        let claim = store.claim(other).await.unwrap();
        assert!(matches!(claim, Claim::Fresh(_)));
    }
}
