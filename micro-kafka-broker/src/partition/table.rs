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
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The replica of a partition, if this broker has one.
    #[must_use]
    pub(crate) fn get(&self, topic: TopicId, index: i32) -> Option<Arc<Partition>> {
        let by_topic = self.by_topic.read();
        let partitions = by_topic.get(&topic)?;
        partitions.get(usize::try_from(index).ok()?).cloned()
    }

    /// Stored bytes of all partitions.
    #[must_use]
    pub(crate) fn size(&self) -> usize {
        let by_topic = self.by_topic.read();
        by_topic
            .values()
            .flatten()
            .map(|partition| partition.size())
            .sum()
    }
}

impl CatalogObserver for PartitionTable {
    fn topic_changed(&self, topic: &Arc<Topic>) {
        let mut by_topic = self.by_topic.write();
        let partitions = by_topic.entry(topic.id).or_default();
        for (index, info) in (0..).zip(&topic.partitions).skip(partitions.len()) {
            let name = Arc::clone(&topic.name);
            partitions.push(Arc::new(Partition::new(
                name,
                topic.id,
                index,
                info.leader_epoch,
            )));
        }
    }

    fn topic_deleted(&self, topic: &Arc<Topic>) {
        let partitions = self.by_topic.write().remove(&topic.id);
        for partition in partitions.into_iter().flatten() {
            partition.delete();
        }
    }
}
