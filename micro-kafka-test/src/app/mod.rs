//! Applications under test.

mod builder;
mod listener;
mod settled;

use std::panic::Location;
use std::sync::Arc;

use micro_kafka::app::RunningApp;
use micro_kafka::listener::StopReport;

pub use builder::TestAppBuilder;
pub use listener::TestListener;
pub use settled::Settled;

use crate::deadline::{DEADLINE, fail};
use crate::embedded::EmbeddedKafka;
use crate::wait::Wait;

/// An application under test; stops when it is dropped.
#[derive(Debug)]
pub struct TestApp {
    app: Arc<RunningApp>,
    kafka: EmbeddedKafka,
}

impl std::ops::Deref for TestApp {
    type Target = RunningApp;

    fn deref(&self) -> &RunningApp {
        &self.app
    }
}

impl TestApp {
    async fn assigned(&self, place: &Location<'_>) {
        for container in self
            .app
            .containers()
            .iter()
            .filter(|container| container.is_running())
        {
            if tokio::time::timeout(DEADLINE, self.kafka.whole(container))
                .await
                .is_err()
            {
                let (id, topics) = (&container.endpoint().id, &container.endpoint().topics);
                let assigned = container.assignment().borrow().clone();
                let health = container.health();
                fail(
                    place,
                    &format!(
                        "the partitions of {topics:?} were not assigned to listener `{id}` within {DEADLINE:?}: {assigned:?}; {health:?}"
                    ),
                );
            }
        }
    }

    /// One of its listeners.
    ///
    /// # Panics
    /// If there is none of that id.
    #[track_caller]
    #[must_use]
    pub fn listener(&self, id: &str) -> TestListener<'_> {
        let Some(container) = self.app.listener(id) else {
            let ids: Vec<_> = self
                .app
                .containers()
                .iter()
                .map(|container| &*container.endpoint().id)
                .collect();
            fail(
                Location::caller(),
                &format!("there is no listener `{id}`; there are {ids:?}"),
            );
        };
        TestListener {
            app: self,
            container,
        }
    }

    /// Waits until every record that was sent has come to its end with every listener that runs, and
    /// so have the records that they sent to one another; what they did, added up.
    ///
    /// # Panics
    /// As [`TestListener::settled`].
    #[track_caller]
    pub fn settled(&self) -> Wait<'_, Settled> {
        Wait::new(Location::caller(), move |deadline| async move {
            let mut before = None;
            loop {
                let mut all = Settled::default();
                let containers = self.app.containers().iter();
                for container in containers.filter(|container| container.is_running()) {
                    let listener = TestListener {
                        app: self,
                        container,
                    };
                    listener.settle(deadline).await;
                }
                for container in self.app.containers() {
                    all.add(container.stats());
                }
                // What one handled last, another may have been sent.
                let ended = all.stats.handled + all.stats.failed;
                if before.replace(ended) == Some(ended) {
                    return all;
                }
            }
        })
    }

    /// Stops it as SIGTERM would.
    pub async fn stop(self) -> StopReport {
        self.app.stop().await
    }
}
