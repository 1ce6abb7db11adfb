//! A consumer group as the broker sees it.

mod description;
mod offsets;

use std::panic::Location;
use std::time::Duration;

pub use description::{GroupDescription, GroupMember};

use crate::embedded::EmbeddedKafka;
use crate::show;
use crate::wait::{Deadline, Wait};

/// How soon the broker is asked again: nothing tells of a group's changes.
const AGAIN: Duration = Duration::from_millis(10);

/// A consumer group as the broker sees it; see [`EmbeddedKafka::group`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asserted until one of its assertions is awaited"]
pub struct TestGroup<'a> {
    kafka: &'a EmbeddedKafka,
    name: String,
}

impl<'a> TestGroup<'a> {
    pub(crate) fn new(kafka: &'a EmbeddedKafka, name: &str) -> Self {
        Self {
            kafka,
            name: name.to_owned(),
        }
    }

    /// Its state and members now.
    ///
    /// # Panics
    /// If the broker does not answer.
    #[track_caller]
    pub fn description(&self) -> Wait<'a, GroupDescription> {
        let this = self.clone();
        Wait::new(Location::caller(), move |deadline| async move {
            this.described(deadline).await
        })
    }

    /// Waits until it is in this state: `"Stable"`, `"Empty"`, `"PreparingRebalance"`,
    /// `"CompletingRebalance"` or, if there is no such group, `"Dead"`.
    ///
    /// # Panics
    /// After 20 s, with the group as it is.
    #[track_caller]
    pub fn assert_state(&self, state: &str) -> Wait<'a, GroupDescription> {
        let (this, state) = (self.clone(), state.to_owned());
        Wait::new(Location::caller(), move |deadline| async move {
            let expected = format!("to be {state}");
            this.becomes(&expected, deadline, |group| group.state == state)
                .await
        })
    }

    /// Waits until it is stable and has so many members.
    ///
    /// # Panics
    /// After 20 s, with the group as it is.
    #[track_caller]
    pub fn assert_members(&self, count: usize) -> Wait<'a, GroupDescription> {
        let this = self.clone();
        Wait::new(Location::caller(), move |deadline| async move {
            let expected = format!("to be stable with {count} members");
            let is = |group: &GroupDescription| {
                let settled = match count {
                    0 => group.state != "Stable",
                    _ => group.state == "Stable",
                };
                settled && group.members.len() == count
            };
            this.becomes(&expected, deadline, is).await
        })
    }

    async fn becomes(
        &self,
        expected: &str,
        deadline: Deadline,
        is: impl Fn(&GroupDescription) -> bool,
    ) -> GroupDescription {
        let mut last = None;
        let waiting = async {
            loop {
                let group = self.described(deadline).await;
                if is(&group) {
                    return group;
                }
                last = Some(group);
                tokio::time::sleep(AGAIN).await;
            }
        };
        match deadline.met(waiting).await {
            Some(group) => group,
            None => deadline.fail(&format!(
                "expected group `{}` {expected} within {:?}: {}",
                self.name,
                deadline.within,
                last.map_or_else(
                    || "it was not described".to_owned(),
                    |last| last.to_string()
                ),
            )),
        }
    }

    async fn described(&self, deadline: Deadline) -> GroupDescription {
        let (bootstrap, wire_name) = (
            self.kafka.bootstrap_servers(),
            self.kafka.wire_name(&self.name),
        );
        let (within, namespace) = (deadline.within, self.kafka.wire_name(""));
        let asked = tokio::task::spawn_blocking(move || {
            GroupDescription::ask(&bootstrap, &wire_name, &namespace, within)
        });
        match asked.await {
            Ok(Ok(group)) => group,
            Ok(Err(error)) => deadline.fail(&format!(
                "group `{}` cannot be described: {}",
                self.name,
                show::chain(&error)
            )),
            Err(error) => deadline.fail(&error.to_string()),
        }
    }
}
