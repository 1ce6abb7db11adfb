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

    /// Stops it as SIGTERM would.
    pub async fn stop(self) -> StopReport {
        self.app.stop().await
    }
}
