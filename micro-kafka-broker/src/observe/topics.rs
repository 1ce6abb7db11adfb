//! The topics, with what is in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::meta::{CatalogError, NewTopic, Topic};
use crate::partition::Partition;
use crate::server::BrokerState;

/// A topic.
#[derive(Debug, Serialize)]
pub(crate) struct TopicView {
    name: String,
    id: String,
    internal: bool,
    /// What was configured for it.
    config: BTreeMap<String, String>,
    partitions: Vec<PartitionView>,
}

/// A topic to create.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopicWanted {
    name: String,
    /// The broker's default, if it is not given.
    partitions: Option<i32>,
    /// Configurations by their Kafka names.
    #[serde(default)]
    config: BTreeMap<String, String>,
}

/// A partition.
#[derive(Debug, Serialize)]
struct PartitionView {
    partition: usize,
    leader: i32,
    leader_epoch: i32,
    replicas: Vec<i32>,
    isr: Vec<i32>,
    start_offset: i64,
    end_offset: i64,
    last_stable_offset: i64,
    bytes: usize,
    offline: bool,
}

/// All topics, by name.
pub(crate) fn topics(broker: &BrokerState) -> Vec<TopicView> {
    let image = broker.catalog().image();
    image.topics().map(|topic| view(broker, topic)).collect()
}

/// A topic by its name.
pub(crate) fn topic(broker: &BrokerState, name: &str) -> Option<TopicView> {
    let image = broker.catalog().image();
    Some(view(broker, image.topic(name)?))
}

/// Creates a topic.
///
/// # Errors
/// [`CatalogError`], as clients that create topics are told.
pub(crate) fn create(broker: &BrokerState, new: TopicWanted) -> Result<TopicView, CatalogError> {
    let configs = new.config.into_iter();
    let new = NewTopic {
        name: new.name,
        partitions: new.partitions.unwrap_or(-1),
        replication_factor: -1,
        configs: configs.map(|(name, value)| (name, Some(value))).collect(),
        ..NewTopic::default()
    };
    let topic = broker.catalog().create_topic(&new, false)?;
    Ok(view(broker, &topic))
}

fn view(broker: &BrokerState, topic: &Topic) -> TopicView {
    let replicas = broker.partitions().of_topic(topic.id);
    let pairs = topic.partitions.iter().zip(&replicas).enumerate();
    TopicView {
        name: topic.name.to_string(),
        id: topic.id.to_string(),
        internal: topic.internal,
        config: topic.overrides.clone(),
        partitions: pairs
            .map(|(number, (info, replica))| PartitionView {
                leader: info.leader,
                leader_epoch: info.leader_epoch,
                replicas: info.replicas.clone(),
                isr: info.isr.clone(),
                ..partition(number, replica)
            })
            .collect(),
    }
}

fn partition(number: usize, replica: &Partition) -> PartitionView {
    let glance = replica.glance();
    PartitionView {
        partition: number,
        leader: -1,
        leader_epoch: -1,
        replicas: Vec::new(),
        isr: Vec::new(),
        start_offset: glance.start_offset,
        end_offset: glance.end_offset,
        last_stable_offset: glance.last_stable_offset,
        bytes: glance.size,
        offline: glance.offline,
    }
}
