//! Moving the clock of a test's applications.

use std::panic::Location;
use std::sync::Weak;
use std::time::Duration;

use micro_kafka::listener::ListenerContainer;

use super::EmbeddedKafka;
use crate::deadline::fail;
use crate::wait::{Deadline, Span, Wait, span};

impl EmbeddedKafka {
    /// Moves the applications' clock: waits until every sent record is handled or waits for a
    /// time, goes to the next due time, and so on until `time` (as in `"10m"`) is spent.
    ///
    /// # Panics
    /// If `time` is none, or if a handler does not finish within 20 s.
    #[track_caller]
    pub fn advance(&self, time: impl Span) -> Wait<'_, ()> {
        let place = Location::caller();
        let time = span(time, place);
        Wait::new(place, move |deadline| self.advance_by(time, deadline))
    }

    /// Whether time moves by [`EmbeddedKafka::advance`] only.
    pub(crate) fn is_paused(&self) -> bool {
        self.inner.paused
    }

    async fn advance_by(&self, time: Duration, deadline: Deadline) {
        let clock = &self.inner.clock;
        let target = clock.now() + time;
        self.quiet(deadline).await;
        while let Some(due) = clock.next_due().filter(|due| *due <= target) {
            clock.advance_to(due);
            self.quiet(deadline).await;
        }
        if clock.now() < target {
            clock.advance_to(target);
            self.quiet(deadline).await;
        }
    }

    async fn quiet(&self, Deadline { place, within, .. }: Deadline) {
        let apps: Vec<_> = self
            .inner
            .apps
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for app in apps {
            let quiet = async {
                let mut before = None;
                loop {
                    app.delayed_quiet().await;
                    for container in app
                        .containers()
                        .iter()
                        .filter(|container| container.is_running())
                    {
                        self.group_quiet(container).await;
                    }
                    // What one handled last, another may have been sent: a retry topic's reader.
                    let stats = app.containers().iter().map(ListenerContainer::stats);
                    let ended: u64 = stats.map(|stats| stats.handled + stats.failed).sum();
                    let forwarded = app.delayed().map_or(0, |delayed| delayed.forwarded);
                    let ended = ended + forwarded;
                    if before.replace(ended) == Some(ended) {
                        break;
                    }
                }
            };
            if tokio::time::timeout(within, quiet).await.is_err() {
                let progress = app.progress().await;
                fail(
                    place,
                    &format!("the listeners are still at work after {within:?}: {progress:?}"),
                );
            }
        }
    }
}
