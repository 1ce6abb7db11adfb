//! A listener under test.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use micro_kafka::listener::ListenerContainer;

use super::{Settled, TestApp};
use crate::deadline::{DEADLINE, fail};

/// A listener under test.
#[derive(Debug, Clone, Copy)]
pub struct TestListener<'a> {
    pub(super) app: &'a TestApp,
    pub(super) container: &'a ListenerContainer,
}

impl std::ops::Deref for TestListener<'_> {
    type Target = ListenerContainer;

    fn deref(&self) -> &ListenerContainer {
        self.container
    }
}

impl TestListener<'_> {
    /// Waits until every record that was sent has come to its end: handled, skipped or
    /// dead-lettered, and committed.
    ///
    /// # Panics
    /// After 20 s, with what is still on its way.
    #[track_caller]
    pub fn settled(&self) -> impl Future<Output = Settled> + '_ {
        let place = Location::caller();
        async move {
            let settled = async {
                loop {
                    self.app.kafka.group_quiet(self.container).await;
                    let progress = self.container.progress().await;
                    if progress.iter().all(|partition| partition.unfinished == 0) {
                        return;
                    }
                    self.next_timer(
                        progress
                            .iter()
                            .filter_map(|partition| partition.waits_until)
                            .min(),
                    )
                    .await;
                }
            };
            if tokio::time::timeout(DEADLINE, settled).await.is_err() {
                let progress = self.container.progress().await;
                fail(
                    place,
                    &format!(
                        "listener `{}` has not settled within {DEADLINE:?}: {progress:?}",
                        self.container.endpoint().id
                    ),
                );
            }
            Settled {
                stats: self.container.stats(),
            }
        }
    }

    /// Waits until it does not run any more, though nobody stopped it: because a record asked for
    /// that.
    ///
    /// # Panics
    /// After 20 s.
    #[track_caller]
    pub fn stopped(&self) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        async move {
            let ended = async {
                while self.container.is_running() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            if tokio::time::timeout(DEADLINE, ended).await.is_err() {
                let id = &self.container.endpoint().id;
                fail(
                    place,
                    &format!("listener `{id}` still runs after {DEADLINE:?}"),
                );
            }
        }
    }

    /// Waits until something is wrong with it; `health()` says what.
    ///
    /// # Panics
    /// After 20 s.
    #[track_caller]
    pub fn unwell(&self) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        async move {
            let unwell = async {
                while self.container.health().is_up() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            if tokio::time::timeout(DEADLINE, unwell).await.is_err() {
                let id = &self.container.endpoint().id;
                fail(
                    place,
                    &format!("listener `{id}` is still well after {DEADLINE:?}"),
                );
            }
        }
    }

    async fn next_timer(&self, due: Option<std::time::Instant>) {
        match due {
            Some(due) => self.app.clock().sleep_until(due).await,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}
