//! The partitions that this broker holds.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Partition;
use crate::fault::Switches;
use crate::log::disk::DataDir;
use crate::meta::{CatalogObserver, Topic, TopicId};
use crate::observe::{Traffic, TrafficCount};

/// This broker's replicas by topic id, kept in step with the catalog.
#[derive(Debug, Default)]
pub(crate) struct PartitionTable {
    by_topic: RwLock<HashMap<TopicId, Replicas>>,
    data: Option<Arc<DataDir>>,
    switches: Switches,
    /// What went through partitions that are gone.
    gone: Traffic,
}

/// A topic with its replicas.
#[derive(Debug, Clone)]
pub(super) struct Replicas {
    pub(super) topic: Arc<Topic>,
    pub(super) partitions: Vec<Arc<Partition>>,
}

impl PartitionTable {
    /// An empty table, whose partitions are kept in memory.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An empty table, whose partitions are kept in a directory.
    pub(crate) fn on_disk(data: Arc<DataDir>) -> Self {
        Self {
            data: Some(data),
            ..Self::default()
        }
    }

    /// A table whose partitions have the disk's faults on command.
    pub(crate) fn obeying(self, switches: Switches) -> Self {
        Self { switches, ..self }
    }

    /// Where the partitions are kept, if on disk.
    pub(crate) fn data_dir(&self) -> Option<&Arc<DataDir>> {
        self.data.as_ref()
    }

    /// The replica of a partition, if this broker has one.
    pub(crate) fn get(&self, topic: TopicId, index: i32) -> Option<Arc<Partition>> {
        let by_topic = self.by_topic.read();
        let replicas = by_topic.get(&topic)?;
        replicas
            .partitions
            .get(usize::try_from(index).ok()?)
            .cloned()
    }

    /// The largest id of a producer that wrote to one of them.
    pub(crate) fn largest_producer_id(&self) -> Option<i64> {
        let replicas = self.all();
        let partitions = replicas.iter().flat_map(|replicas| &replicas.partitions);
        let producers = partitions.flat_map(|partition| partition.active_producers());
        producers.map(|producer| producer.producer_id).max()
    }

    /// What went through partitions that are gone.
    pub(crate) fn traffic_of_gone(&self) -> TrafficCount {
        self.gone.count()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Replicas> {
        self.by_topic.read().values().cloned().collect()
    }

    /// All replicas of a topic, by partition.
    pub(crate) fn of_topic(&self, topic: TopicId) -> Vec<Arc<Partition>> {
        let by_topic = self.by_topic.read();
        by_topic
            .get(&topic)
            .map_or_else(Vec::new, |replicas| replicas.partitions.clone())
    }
}

impl CatalogObserver for PartitionTable {
    fn topic_changed(&self, topic: &Arc<Topic>) {
        // Opening takes time: readers of other topics do not wait for it. Changes of topics come
        // one after the other.
        let known = self.by_topic.read().get(&topic.id).cloned();
        let mut partitions = known.map(|known| known.partitions).unwrap_or_default();
        for (info, partition) in topic.partitions.iter().zip(&partitions) {
            partition.lead(info.leader_epoch);
        }
        for (index, info) in (0..).zip(&topic.partitions).skip(partitions.len()) {
            let partition = match &self.data {
                Some(data) => Partition::open(data, topic, index, info.leader_epoch),
                None => Partition::new(info.leader_epoch),
            };
            partition.obey(&self.switches);
            partitions.push(Arc::new(partition));
        }
        let replicas = Replicas {
            topic: Arc::clone(topic),
            partitions,
        };
        self.by_topic.write().insert(topic.id, replicas);
    }

    fn leaders_changed(&self, topic: &Arc<Topic>, partitions: &[i32]) {
        for index in partitions {
            if let Some(partition) = self.get(topic.id, *index) {
                partition.wake_all();
            }
        }
    }

    fn topic_deleted(&self, topic: &Arc<Topic>) {
        let replicas = self.by_topic.write().remove(&topic.id);
        for partition in replicas.into_iter().flat_map(|r| r.partitions) {
            self.gone.add(partition.traffic.count());
            partition.delete();
        }
    }
}
