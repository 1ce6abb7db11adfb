//! The partitions of listeners, and what each of them may hold.

use std::collections::BTreeMap;

use super::listener::Division;
use super::split::{Shares, at_least};
use crate::app::error::{BootErrors, Error};
use crate::app::resolve::Plan;
use crate::config::{Config, show_size};
use crate::listener::ListenerEndpoint;
use crate::template::KafkaTemplate;

/// So many partitions are assumed of topics that are found by a pattern.
const OF_A_PATTERN: u32 = 16;

/// How many partitions there are of each topic.
#[derive(Debug)]
struct Partitions(BTreeMap<String, u32>);

impl Partitions {
    /// Asks the broker.
    async fn of(plans: &[Plan], template: &KafkaTemplate) -> Result<Self, Error> {
        let topics = plans.iter().flat_map(|plan| &plan.endpoint.topics);
        let mut topics: Vec<_> = topics.map(String::as_str).collect();
        topics.sort_unstable();
        topics.dedup();
        if topics.is_empty() || template.is_recording() {
            return Ok(Self(BTreeMap::new()));
        }
        let admin = template.admin().with_wire_names();
        let counts = admin.partition_counts(&topics).await;
        let counts = counts.map_err(|error| Error::Boot(BootErrors::one(error.to_string())))?;
        let known = counts
            .into_iter()
            .filter_map(|(topic, count)| Some((topic, count?)));
        Ok(Self(known.collect()))
    }

    /// Those of a listener, or of a reader of the retry topics of `main`: each of them has as many
    /// as the topic before it, unless there is one already.
    fn of_listener(&self, endpoint: &ListenerEndpoint, main: Option<&ListenerEndpoint>) -> u32 {
        if !endpoint.topic_partitions.is_empty() {
            let all = endpoint.topic_partitions.iter();
            let count = all.map(|each| each.partitions.len()).sum::<usize>();
            return u32::try_from(count).unwrap_or(u32::MAX);
        }
        if endpoint.topics.is_empty() {
            return OF_A_PATTERN;
        }
        let before = main.into_iter().flat_map(|main| &main.topics);
        let before = before.filter_map(|topic| self.0.get(topic));
        let before = before.copied().max().unwrap_or(1);
        let count = |topic: &String| self.0.get(topic).copied().unwrap_or(before);
        endpoint.topics.iter().map(count).sum()
    }
}

/// What the listeners of an application are bounded by.
#[derive(Debug)]
pub(in crate::app) struct Windows {
    shares: Shares,
    partitions: Partitions,
}

impl Windows {
    /// Asks the broker for the partitions of all listeners, and tells the log who gets how much.
    ///
    /// # Errors
    /// If no broker answers.
    pub(in crate::app) async fn of(
        shares: Shares,
        plans: &[Plan],
        template: &KafkaTemplate,
    ) -> Result<Self, Error> {
        shares.report();
        let partitions = Partitions::of(plans, template).await?;
        Ok(Self { shares, partitions })
    }

    /// What delayed sends may have in memory of what is due next.
    pub(in crate::app) fn delayed_memory(&self, config: &Config) -> u64 {
        self.shares.delayed_memory(config)
    }

    /// Bounds what a listener holds.
    pub(in crate::app) fn bound(
        &self,
        endpoint: &mut ListenerEndpoint,
        main: Option<&ListenerEndpoint>,
        config: &Config,
    ) -> Result<(), Error> {
        let partitions = self.partitions.of_listener(endpoint, main);
        let share = self.shares.of_listener(endpoint);
        let division = Division::of(endpoint, main, partitions);
        if division.apply(share, endpoint) {
            let listener = &*endpoint.id;
            let share = show_size(share);
            let read = show_size(endpoint.read_bytes as u64);
            tracing::debug!(listener, partitions, share, read, "memory of a listener");
            return Ok(());
        }
        // All shares grow with the budget.
        let times = division.least().div_ceil(share.max(1));
        let place = config.origin("kafka.memory-budget");
        let place = place.map_or_else(String::new, |place| format!("{place}: "));
        Err(Error::Boot(BootErrors::one(format!(
            "{place}kafka.memory-budget: {} leaves {} for listener `{}`, whose {partitions} \
             partitions and {} consumers need {}: {} is enough",
            show_size(self.shares.budget()),
            show_size(share),
            endpoint.id,
            endpoint.concurrency,
            show_size(division.least()),
            at_least(self.shares.budget().saturating_mul(times)),
        ))))
    }
}
