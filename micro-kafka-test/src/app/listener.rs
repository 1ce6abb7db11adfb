//! A listener under test.

use std::fmt::Write as _;
use std::panic::Location;
use std::time::Duration;

use micro_kafka::listener::{ListenerContainer, PartitionProgress};

use super::{Settled, TestApp};
use crate::embedded::POLL;
use crate::wait::{Deadline, Wait};

/// How soon a listener is asked again that is at work.
const AGAIN: Duration = Duration::from_millis(5);

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

impl<'a> TestListener<'a> {
    /// Waits until every record that was sent has come to its end: handled, skipped or
    /// dead-lettered, and committed. Retries are waited for, unless the clock is paused; so are those
    /// in the listener's retry topics, and they are counted with it.
    ///
    /// # Panics
    /// After 20 s, or if a record waits for a paused clock; with what is still on its way.
    #[track_caller]
    pub fn settled(&self) -> Wait<'a, Settled> {
        let this = *self;
        Wait::new(Location::caller(), move |deadline| async move {
            let family = this.family();
            let mut before = None;
            loop {
                for member in &family {
                    member.settle(deadline).await;
                }
                let mut all = Settled::default();
                family
                    .iter()
                    .for_each(|member| all.add(member.container.stats()));
                // What the listener handled last may have gone to a retry topic, or to the next.
                let ended = all.stats.handled + all.stats.failed;
                if family.len() == 1 || before.replace(ended) == Some(ended) {
                    return all;
                }
            }
        })
    }

    /// The listener, and whatever reads its retry topics.
    fn family(self) -> Vec<Self> {
        let id = &self.container.endpoint().id;
        let readers = self.app.containers().iter();
        let readers = readers
            .filter(|reader| reader.is_running() && reader.endpoint().retry_of() == Some(id));
        let readers = readers.map(|container| Self { container, ..self });
        std::iter::once(self).chain(readers).collect()
    }

    pub(super) async fn settle(self, deadline: Deadline) {
        let settled = async {
            loop {
                // Asked afterwards it may be between two records, with neither begun.
                let progress = self.app.kafka.group_quiet(self.container).await;
                if progress.iter().all(|partition| partition.unfinished == 0) {
                    return;
                }
                let due = progress.iter().filter_map(|it| it.waits_until).min();
                match due {
                    Some(_) if self.app.kafka.is_paused() => {
                        let advance = "the clock is paused: move it by `kafka.advance(…)`";
                        self.unsettled(deadline, &progress, advance);
                    }
                    Some(due) => self.app.clock().sleep_until(due).await,
                    None => tokio::time::sleep(AGAIN).await,
                }
            }
        };
        if deadline.met(settled).await.is_none() {
            let progress = self.container.progress().await;
            self.unsettled(
                deadline,
                &progress,
                &format!("within {:?}", deadline.within),
            );
        }
    }

    fn unsettled(self, deadline: Deadline, progress: &[PartitionProgress], why: &str) -> ! {
        let (id, stats) = (&self.container.endpoint().id, self.container.stats());
        let mut text = format!("listener `{id}` has not settled, {why}: {stats:?}");
        let now = self.app.clock().now();
        for it in progress {
            let (partition, committed) = (&it.partition, it.committed);
            let _ = write!(
                text,
                "\n  {}[{}] consumer {}: {} unfinished, read to {:?}, committed {committed:?}, lag {:?}",
                partition.topic,
                partition.partition,
                partition.consumer,
                it.unfinished,
                it.position,
                it.lag,
            );
            if it.in_flight {
                text += ", its handler is at work";
            }
            if let Some(due) = it.waits_until {
                let left = due.saturating_duration_since(now);
                let _ = write!(text, ", tried again in {left:?}");
            }
        }
        deadline.fail(&text)
    }

    /// Waits until it does not run any more, though nobody stopped it: because a record asked for
    /// that.
    ///
    /// # Panics
    /// After 20 s.
    #[track_caller]
    pub fn stopped(&self) -> Wait<'a, ()> {
        self.becomes("still runs", |container| !container.is_running())
    }

    /// Waits until something is wrong with it; `health()` says what.
    ///
    /// # Panics
    /// After 20 s.
    #[track_caller]
    pub fn unwell(&self) -> Wait<'a, ()> {
        self.becomes("is still well", |container| !container.health().is_up())
    }

    #[track_caller]
    fn becomes(&self, otherwise: &'a str, is: fn(&ListenerContainer) -> bool) -> Wait<'a, ()> {
        let container = self.container;
        Wait::new(Location::caller(), move |deadline| async move {
            let become_so = async {
                while !is(container) {
                    tokio::time::sleep(POLL).await;
                }
            };
            if deadline.met(become_so).await.is_none() {
                let (id, within) = (&container.endpoint().id, deadline.within);
                deadline.fail(&format!("listener `{id}` {otherwise} after {within:?}"));
            }
        })
    }
}
