//! Moving the clock of a test's applications.

use std::panic::Location;
use std::sync::Weak;
use std::time::Duration;

use micro_kafka::config::parse_duration;

use super::EmbeddedKafka;
use crate::deadline::{DEADLINE, fail};

impl EmbeddedKafka {
    /// Moves the applications' clock: waits until every sent record is handled or waits for a
    /// time, goes to the next due time, and so on until `duration` (as in `"10m"`) is spent.
    ///
    /// # Panics
    /// If `duration` is none, or if a handler does not finish within 20 s.
    #[track_caller]
    pub fn advance(&self, duration: &str) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        let duration = match parse_duration(duration) {
            Ok(duration) => duration,
            Err(error) => fail(place, &format!("`{duration}`: {error}")),
        };
        self.advance_by(duration, place)
    }

    async fn advance_by(&self, duration: Duration, place: &'static Location<'static>) {
        let clock = &self.inner.clock;
        let target = clock.now() + duration;
        self.quiet(place).await;
        while let Some(due) = clock.next_due().filter(|due| *due <= target) {
            clock.advance_to(due);
            self.quiet(place).await;
        }
        if clock.now() < target {
            clock.advance_to(target);
            self.quiet(place).await;
        }
    }

    async fn quiet(&self, place: &'static Location<'static>) {
        let apps: Vec<_> = self
            .inner
            .apps
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for app in apps {
            let quiet = async {
                for container in app
                    .containers()
                    .iter()
                    .filter(|container| container.is_running())
                {
                    self.group_quiet(container).await;
                }
            };
            if tokio::time::timeout(DEADLINE, quiet).await.is_err() {
                let progress = app.progress().await;
                fail(
                    place,
                    &format!("the listeners are still at work after {DEADLINE:?}: {progress:?}"),
                );
            }
        }
    }
}
