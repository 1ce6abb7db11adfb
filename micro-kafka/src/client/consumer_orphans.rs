//! Partitions that belong to nobody although their group is at rest.
//!
//! A member of a cooperative group gives partitions up, and asks for a second rebalance that passes
//! them on. If it is a static member that dies between the two and is back before its session ends,
//! its place is given to it as it was: nobody asks any more, and what was to be passed on stays with
//! nobody until the group is rebalanced for another reason.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use rdkafka::bindings as rdsys;

use super::admin_groups::describe_group;
use super::consumer::{KafkaConsumer, no_queue};
use super::handle::check;
use super::partition_list::PartitionList;
use super::properties::property;
use super::{AnyClient, ClientError, Refusal, TopicPartition, describe_topics};

/// How long the cluster may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How many partitions of its topics belong to nobody; `None` while the group is being rebalanced.
pub(crate) type Orphans =
    Pin<Box<dyn Future<Output = Result<Option<usize>, Refusal>> + Send + 'static>>;

/// What a consumer has asked for.
#[derive(Debug, Default)]
pub(super) struct Subscription {
    pub(super) topics: Vec<TopicPartition>,
    /// The group, where a place in it outlives who had it.
    lasting: Option<String>,
}

impl Subscription {
    pub(super) fn of(topics: Vec<TopicPartition>, properties: &[(String, String)]) -> Self {
        let is = |key, value: &str| {
            property(properties, key).is_some_and(|own| own.eq_ignore_ascii_case(value))
        };
        let is_static = property(properties, "group.instance.id").is_some_and(|id| !id.is_empty());
        // Otherwise the broker assigns, and knows what is nobody's.
        let lasting = is_static && !is("group.protocol", "consumer");
        Self {
            topics,
            lasting: property(properties, "group.id")
                .filter(|_| lasting)
                .map(str::to_owned),
        }
    }

    fn patterns(&self) -> bool {
        self.topics.iter().any(|topic| topic.topic.starts_with('^'))
    }
}

impl KafkaConsumer {
    pub(super) fn ask_orphans(&self) -> Option<Orphans> {
        let group = self.subscription.lasting.clone()?;
        let topics = &self.subscription.topics;
        let topics = (!self.subscription.patterns())
            .then(|| topics.iter().map(|topic| topic.topic.to_string()).collect());
        let client = self.client();
        Some(Box::pin(
            async move { orphans(&client, &group, topics).await },
        ))
    }

    /// Leaves the group and joins it anew; librdkafka has no other way to ask for a rebalance.
    pub(super) fn join_anew(&mut self) -> Result<(), ClientError> {
        let list = PartitionList::of(&self.subscription.topics).ok_or_else(no_queue)?;
        // SAFETY: client and list are alive.
        let code = unsafe {
            rdsys::rd_kafka_unsubscribe(self.client.raw());
            rdsys::rd_kafka_subscribe(self.client.raw(), list.raw())
        };
        check("rd_kafka_subscribe", code)
    }
}

async fn orphans(
    client: &AnyClient,
    group: &str,
    topics: Option<BTreeSet<String>>,
) -> Result<Option<usize>, Refusal> {
    let view = describe_group(client, group, TIMEOUT).await?;
    if !view.is_stable {
        return Ok(None);
    }
    // Of topics that are found by a pattern nobody tells which they are; some are assigned.
    let known = || {
        view.assigned
            .iter()
            .map(|(topic, _)| topic.clone())
            .collect()
    };
    let topics: BTreeSet<String> = topics.unwrap_or_else(known);
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for (topic, partitions) in describe_topics(client, &names, TIMEOUT).await? {
        // One that does not exist has none.
        left.insert(topic, partitions.map_or(0, |partitions| partitions.len()));
    }
    let assigned: BTreeSet<_> = view.assigned.into_iter().collect();
    for (topic, _) in assigned {
        if let Some(count) = left.get_mut(&topic) {
            *count = count.saturating_sub(1);
        }
    }
    Ok(Some(left.into_values().sum()))
}
