//! What is being looked up, once for all who wait.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::RegistryError;

/// How long it is remembered that the registry does not have something.
const FORGOTTEN: Duration = Duration::from_secs(10);
/// As many of those are kept; hostile records may name any id.
const MOST_MISSING: usize = 1_000;

type Outcome<V> = Result<V, RegistryError>;
type Running<V> = watch::Receiver<Option<Outcome<V>>>;

/// Lookups by their keys. What they find is kept for ever, since schemas never change.
#[derive(Debug)]
pub(super) struct Lookups<K, V>(Arc<Mutex<State<K, V>>>);

#[derive(Debug)]
struct State<K, V> {
    found: HashMap<K, V>,
    missing: HashMap<K, (Instant, RegistryError)>,
    running: HashMap<K, Running<V>>,
}

impl<K, V> Default for Lookups<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            found: HashMap::new(),
            missing: HashMap::new(),
            running: HashMap::new(),
        })))
    }
}

impl<K, V> Lookups<K, V>
where
    K: Eq + Hash + Clone + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// What is known without asking.
    pub(super) fn known(&self, key: &K) -> Option<Outcome<V>> {
        let state = self.0.lock();
        if let Some(found) = state.found.get(key) {
            return Some(Ok(found.clone()));
        }
        let (since, error) = state.missing.get(key)?;
        (since.elapsed() < FORGOTTEN).then(|| Err(error.clone()))
    }

    /// What is known, or what `ask` finds out. It goes on if nobody waits any more, and whoever asks
    /// for the same meanwhile waits for it.
    pub(super) async fn get<F>(&self, key: K, ask: impl FnOnce() -> F) -> Outcome<V>
    where
        F: Future<Output = Outcome<V>> + Send + 'static,
    {
        if let Some(known) = self.known(&key) {
            return known;
        }
        let mut running = self.running(key, ask);
        let outcome = running.wait_for(Option::is_some).await;
        match outcome.ok().and_then(|outcome| outcome.clone()) {
            Some(outcome) => outcome,
            // The runtime is shutting down.
            None => Err(RegistryError::Unavailable {
                what: "a schema".to_owned(),
                url: String::new(),
                reason: "the lookup was called off".into(),
            }),
        }
    }

    fn running<F>(&self, key: K, ask: impl FnOnce() -> F) -> Running<V>
    where
        F: Future<Output = Outcome<V>> + Send + 'static,
    {
        let mut state = self.0.lock();
        if let Some(running) = state.running.get(&key) {
            return running.clone();
        }
        let (sender, receiver) = watch::channel(None);
        state.running.insert(key.clone(), receiver.clone());
        let asking = ask();
        let ended = Ended {
            lookups: Self(Arc::clone(&self.0)),
            key,
        };
        tokio::spawn(async move {
            let outcome = asking.await;
            ended.keep(&outcome);
            drop(ended);
            sender.send_replace(Some(outcome));
        });
        receiver
    }
}

/// Takes a lookup off the list of those that run, also if its task ends early.
struct Ended<K: Eq + Hash, V> {
    lookups: Lookups<K, V>,
    key: K,
}

impl<K: Eq + Hash + Clone, V: Clone> Ended<K, V> {
    fn keep(&self, outcome: &Outcome<V>) {
        let mut state = self.lookups.0.lock();
        match outcome {
            Ok(found) => {
                state.missing.remove(&self.key);
                state.found.insert(self.key.clone(), found.clone());
            }
            Err(error) if !error.is_retriable() => {
                if state.missing.len() >= MOST_MISSING {
                    state.missing.clear();
                }
                let missing = (Instant::now(), error.clone());
                state.missing.insert(self.key.clone(), missing);
            }
            Err(_) => {}
        }
    }
}

impl<K: Eq + Hash, V> Drop for Ended<K, V> {
    fn drop(&mut self) {
        self.lookups.0.lock().running.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;

    use super::*;

    fn missing() -> RegistryError {
        RegistryError::NotFound {
            what: "schema 7".into(),
            url: "http://a".into(),
        }
    }

    #[tokio::test]
    async fn many_who_ask_at_once_ask_once() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let lookups = Lookups::<i32, u32>::default();
        let ask = || async {
            ASKED.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(5)
        };
        let all = join_all((0..100).map(|_| lookups.get(7, ask))).await;
        assert!(all.iter().all(|it| matches!(it, Ok(5))));
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
        assert!(matches!(lookups.known(&7), Some(Ok(5))));
        assert!(lookups.0.lock().running.is_empty());
    }

    #[tokio::test]
    async fn what_is_missing_is_remembered_for_a_while_and_what_is_away_is_not() {
        let lookups = Lookups::<i32, u32>::default();
        let away = RegistryError::Unavailable {
            what: "schema 7".into(),
            url: "http://a".into(),
            reason: "refused".into(),
        };
        assert!(lookups.get(7, || async { Err(away) }).await.is_err());
        assert!(lookups.known(&7).is_none());
        for id in 0..2_000 {
            assert!(lookups.get(id, || async { Err(missing()) }).await.is_err());
        }
        assert!(matches!(lookups.known(&1_999), Some(Err(_))));
        assert!(lookups.0.lock().missing.len() <= MOST_MISSING);
    }

    #[tokio::test]
    async fn a_lookup_goes_on_when_who_asked_is_gone() {
        let lookups = Lookups::<i32, u32>::default();
        let (tell, told) = tokio::sync::oneshot::channel();
        {
            let asking = lookups.get(7, || async { told.await.map_err(|_| missing()) });
            let mut asking = std::pin::pin!(asking);
            assert!(futures_util::poll!(&mut asking).is_pending());
        }
        tell.send(5).unwrap();
        let found = lookups.get(7, || async { Err(missing()) }).await;
        assert!(matches!(found, Ok(5)));
    }
}
