//! The partitions that this broker holds.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Partition;
use crate::meta::{CatalogObserver, Topic, TopicId};

/// This broker's replicas by topic id, kept in step with the catalog.
#[derive(Debug, Default)]
pub(crate) struct PartitionTable {
    by_topic: RwLock<HashMap<TopicId, Vec<Arc<Partition>>>>,
}

impl PartitionTable {
    /// An empty table.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The replica of a partition, if this broker has one.
    pub(crate) fn get(&self, topic: TopicId, index: i32) -> Option<Arc<Partition>> {
        let by_topic = self.by_topic.read();
        let partitions = by_topic.get(&topic)?;
        partitions.get(usize::try_from(index).ok()?).cloned()
    }

    /// All replicas of a topic, by partition.
    pub(crate) fn of_topic(&self, topic: TopicId) -> Vec<Arc<Partition>> {
        self.by_topic
            .read()
            .get(&topic)
            .cloned()
            .unwrap_or_default()
    }
}

impl CatalogObserver for PartitionTable {
    fn topic_changed(&self, topic: &Arc<Topic>) {
        let mut by_topic = self.by_topic.write();
        let partitions = by_topic.entry(topic.id).or_default();
        for info in topic.partitions.iter().skip(partitions.len()) {
            partitions.push(Arc::new(Partition::new(info.leader_epoch)));
        }
    }

    fn topic_deleted(&self, topic: &Arc<Topic>) {
        let partitions = self.by_topic.write().remove(&topic.id);
        for partition in partitions.into_iter().flatten() {
            partition.delete();
        }
    }
}
