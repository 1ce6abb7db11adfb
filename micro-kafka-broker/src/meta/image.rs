//! A state of the cluster that never changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{NO_LEADER, TopicId, TopicSettings};

/// Where a partition lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartitionInfo {
    /// The leading broker's id.
    pub(crate) leader: i32,
    /// How often leadership changed.
    pub(crate) leader_epoch: i32,
    /// Ids of the brokers with a replica, the preferred leader first.
    pub(crate) replicas: Vec<i32>,
    /// Those of them that are in sync.
    pub(crate) isr: Vec<i32>,
}

/// A topic.
#[derive(Debug, Clone)]
pub(crate) struct Topic {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its id.
    pub(crate) id: TopicId,
    /// Whether it is one of the broker's own.
    pub(crate) internal: bool,
    /// Its partitions by number.
    pub(crate) partitions: Vec<PartitionInfo>,
    /// What was configured for it, by name.
    pub(crate) overrides: BTreeMap<String, String>,
    /// All its configurations, ready for use.
    pub(crate) settings: TopicSettings,
}

impl Topic {
    /// A partition by its number.
    pub(crate) fn partition(&self, index: i32) -> Option<&PartitionInfo> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    /// Whether a partition has the replicas in sync that `acks=all` asks for: at most as many as it
    /// has replicas.
    pub(crate) fn has_enough_replicas(&self, index: i32) -> bool {
        let min = self.settings.min_insync_replicas;
        self.partition(index).is_some_and(|info| {
            info.leader != NO_LEADER && info.isr.len() >= min.min(info.replicas.len())
        })
    }
}

/// A topic by its name or its id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TopicRef<'a> {
    /// By name.
    Name(&'a str),
    /// By id.
    Id(TopicId),
}

/// All topics at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    topics: BTreeMap<Arc<str>, Arc<Topic>>,
    by_id: HashMap<TopicId, Arc<Topic>>,
    live: Vec<i32>,
}

impl Image {
    /// A topic by its name.
    pub(crate) fn topic(&self, name: &str) -> Option<&Arc<Topic>> {
        self.topics.get(name)
    }

    /// A topic by its id.
    pub(crate) fn topic_by_id(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// A topic by either.
    pub(crate) fn find(&self, topic: TopicRef<'_>) -> Option<&Arc<Topic>> {
        match topic {
            TopicRef::Name(name) => self.topic(name),
            TopicRef::Id(id) => self.topic_by_id(id),
        }
    }

    /// All topics in the order of their names.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.topics.values()
    }

    /// The brokers that run, by id.
    pub(crate) fn live(&self) -> &[i32] {
        &self.live
    }

    /// Whether a broker runs.
    pub(crate) fn is_live(&self, broker: i32) -> bool {
        self.live.contains(&broker)
    }

    /// The brokers with a replica of a partition that do not run.
    pub(crate) fn offline(&self, info: &PartitionInfo) -> Vec<i32> {
        let replicas = info.replicas.iter().copied();
        replicas.filter(|id| !self.is_live(*id)).collect()
    }

    pub(super) fn set_live(&mut self, live: Vec<i32>) {
        self.live = live;
    }

    pub(super) fn insert(&mut self, topic: Arc<Topic>) {
        self.by_id.insert(topic.id, Arc::clone(&topic));
        self.topics.insert(Arc::clone(&topic.name), topic);
    }

    pub(super) fn remove(&mut self, topic: &Topic) {
        self.by_id.remove(&topic.id);
        self.topics.remove(&topic.name);
    }
}
