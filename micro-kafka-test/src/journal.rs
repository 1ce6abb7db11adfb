//! What handlers saw, noted by them and awaited by the test.

use std::fmt::Debug;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::watch;

use crate::wait::Wait;

/// A list that handlers write into and a test waits on: give it to the application as a state and
/// take it as `State<Journal<…>>`.
///
/// Clones are the same journal.
#[derive(Debug)]
pub struct Journal<T>(Arc<watch::Sender<Vec<T>>>);

impl<T> Clone for Journal<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Journal<T> {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }
}

impl<T: Clone + Debug + Send + Sync> Journal<T> {
    /// An empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry; how many there are now.
    #[allow(
        clippy::must_use_candidate,
        reason = "a handler notes, and rarely wants the number"
    )]
    pub fn note(&self, entry: T) -> usize {
        let mut count = 0;
        self.0.send_modify(|entries| {
            entries.push(entry);
            count = entries.len();
        });
        count
    }

    /// The entries so far, in the order in which they were made.
    #[must_use]
    pub fn entries(&self) -> Vec<T> {
        self.0.borrow().clone()
    }

    /// Waits until there are at least `count` entries, and returns all.
    ///
    /// # Panics
    /// After 20 s, with the entries there are.
    #[track_caller]
    pub fn reaches(&self, count: usize) -> Wait<'_, Vec<T>> {
        self.wait(Location::caller(), format!("{count} entries"), move |all| {
            all.len() >= count
        })
    }

    /// Waits until the entries are as `enough` says, and returns them.
    ///
    /// # Panics
    /// After 20 s, with the entries there are.
    #[track_caller]
    pub fn until<'j>(&'j self, enough: impl FnMut(&[T]) -> bool + Send + 'j) -> Wait<'j, Vec<T>> {
        self.wait(Location::caller(), "other entries".to_owned(), enough)
    }

    fn wait<'j>(
        &'j self,
        place: &'static Location<'static>,
        expected: String,
        mut enough: impl FnMut(&[T]) -> bool + Send + 'j,
    ) -> Wait<'j, Vec<T>> {
        Wait::new(place, move |deadline| async move {
            let mut entries = self.0.subscribe();
            let waiting = async {
                let enough = entries.wait_for(|all| enough(all)).await;
                enough.ok().map(|all| all.clone())
            };
            match deadline.met(waiting).await.flatten() {
                Some(all) => all,
                None => {
                    let (within, entries) = (deadline.within, self.entries());
                    deadline.fail(&format!(
                        "expected {expected} within {within:?}: {entries:?}"
                    ))
                }
            }
        })
    }
}
