//! Topics on disk: their names, ids, partitions and configurations, and what brokers were told
//! while they ran.
//!
//! One file of the data directory holds all of them and is replaced with every change. Directories
//! of partitions that it does not know, such as those of Apache Kafka, become topics too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::broker_config::Values;
use super::resource_config::{self, Resources};
use super::{
    BrokerConfig, BrokerScope, Catalog, CatalogObserver, PartitionInfo, ResourceKind, StateTopic,
    Topic, TopicId,
};
use crate::log::StorageError;
use crate::log::disk::{DataDir, FoundPartition, text};

const NAME: &str = "topics.json";
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    topics: BTreeMap<String, StoredTopic>,
    /// What was set for this broker while it ran.
    #[serde(default)]
    broker: Values,
    /// What was set for all brokers while they ran.
    #[serde(default)]
    brokers: Values,
    /// What was set for groups.
    #[serde(default)]
    groups: Resources,
    /// What was set for subscriptions to client metrics.
    #[serde(default)]
    client_metrics: Resources,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            version: VERSION,
            topics: BTreeMap::new(),
            broker: Values::new(),
            brokers: Values::new(),
            groups: Resources::new(),
            client_metrics: Resources::new(),
        }
    }
}

impl Content {
    fn resources(&mut self, kind: ResourceKind) -> &mut Resources {
        match kind {
            ResourceKind::Group => &mut self.groups,
            ResourceKind::ClientMetrics => &mut self.client_metrics,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredTopic {
    id: String,
    partitions: Vec<StoredPartition>,
    configs: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredPartition {
    replicas: Vec<i32>,
    leader_epoch: i32,
}

/// Why the topics cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StoreError {
    /// The file cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file is not one that this version of the program writes.
    #[error("{} cannot be understood: {reason}", .file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Keeps the topics of a catalog in a file.
#[derive(Debug)]
pub(crate) struct TopicStore {
    file: PathBuf,
    content: Mutex<Content>,
}

impl TopicStore {
    /// Loads the topics of a data directory into a catalog. Every leader epoch is a new one, since
    /// this is a new leader.
    ///
    /// # Errors
    /// [`StoreError`], which names the file.
    pub(crate) fn load(data: &DataDir, catalog: &Catalog) -> Result<Arc<Self>, StoreError> {
        let file = data.root().join(NAME);
        let mut content = read(&file)?;
        let config = catalog.config();
        config.set_dynamic(BrokerScope::Own, content.broker.clone());
        config.set_dynamic(BrokerScope::Default, content.brokers.clone());
        for kind in [ResourceKind::Group, ResourceKind::ClientMetrics] {
            for (name, values) in content.resources(kind) {
                catalog.resources().set(kind, name, values.clone());
            }
        }
        let found = data.partitions()?;
        add_unknown(&mut content.topics, &found, data, config);
        for topic in content.topics.values_mut() {
            for (index, partition) in topic.partitions.iter_mut().enumerate() {
                let known = |id| catalog.brokers().contains(id);
                let replicas = &mut partition.replicas;
                // The data directory is these brokers', whatever their ids were.
                if replicas.is_empty() || !replicas.iter().all(known) {
                    *replicas = catalog.spread(index, replicas.len().max(1)).replicas;
                }
                partition.leader_epoch += 1;
            }
        }
        for (name, topic) in &content.topics {
            let id = TopicId::parse(&topic.id).ok_or_else(|| StoreError::Content {
                file: file.clone(),
                reason: format!("`{}` is no topic id", topic.id),
            })?;
            let partitions = topic.partitions.iter().map(StoredPartition::to_info);
            catalog.restore(name, id, partitions.collect(), &topic.configs);
        }
        data.forget_offsets();
        let store = Self {
            file,
            content: Mutex::new(content),
        };
        store.write(&store.content.lock())?;
        Ok(Arc::new(store))
    }

    fn write(&self, content: &Content) -> Result<(), StorageError> {
        // Maps with text as keys can always be written as JSON.
        let json = serde_json::to_vec_pretty(content).unwrap_or_default();
        text::replace(&self.file, &json)
    }

    /// Changes what is stored, where `change` says that it has changed anything.
    fn change(&self, change: impl FnOnce(&mut Content) -> bool) {
        let mut content = self.content.lock();
        if !change(&mut content) {
            return;
        }
        if let Err(error) = self.write(&content) {
            tracing::error!(%error, "a change of topics will be lost with the next restart");
        }
    }
}

impl CatalogObserver for TopicStore {
    fn topic_changed(&self, topic: &Arc<Topic>) {
        let stored = StoredTopic::of(topic);
        self.change(|content| {
            let before = content
                .topics
                .insert(topic.name.to_string(), stored.clone());
            before.as_ref() != Some(&stored)
        });
    }

    fn topic_deleted(&self, topic: &Arc<Topic>) {
        self.change(|content| content.topics.remove(&*topic.name).is_some());
    }

    fn broker_changed(&self, scope: BrokerScope, values: &Values) {
        self.change(|content| {
            let stored = match scope {
                BrokerScope::Own => &mut content.broker,
                BrokerScope::Default => &mut content.brokers,
            };
            let changed = stored != values;
            stored.clone_from(values);
            changed
        });
    }

    fn resource_changed(&self, kind: ResourceKind, name: &str, values: &Values) {
        self.change(|content| {
            let stored = content.resources(kind);
            let changed = stored
                .get(name)
                .map_or(!values.is_empty(), |before| before != values);
            resource_config::replace(stored, name, values.clone());
            changed
        });
    }
}

impl StoredTopic {
    fn of(topic: &Topic) -> Self {
        let partitions = topic.partitions.iter().map(|info| StoredPartition {
            replicas: info.replicas.clone(),
            leader_epoch: info.leader_epoch,
        });
        Self {
            id: topic.id.to_string(),
            partitions: partitions.collect(),
            configs: topic.overrides.clone(),
        }
    }
}

impl StoredPartition {
    fn to_info(&self) -> PartitionInfo {
        PartitionInfo {
            leader: self.replicas.first().copied().unwrap_or(-1),
            leader_epoch: self.leader_epoch,
            isr: self.replicas.clone(),
            replicas: self.replicas.clone(),
        }
    }
}

fn read(file: &Path) -> Result<Content, StoreError> {
    let Some(json) = text::read(file)? else {
        return Ok(Content::default());
    };
    let wrong = |reason: String| StoreError::Content {
        file: file.to_owned(),
        reason,
    };
    let content: Content = serde_json::from_str(&json).map_err(|error| wrong(error.to_string()))?;
    match content.version {
        VERSION => Ok(content),
        other => Err(wrong(format!("its version is {other}, not {VERSION}"))),
    }
}

/// Makes topics of directories that no topic has.
fn add_unknown(
    topics: &mut BTreeMap<String, StoredTopic>,
    found: &[FoundPartition],
    data: &DataDir,
    config: &BrokerConfig,
) {
    for partitions in found.chunk_by(|a, b| a.topic == b.topic) {
        let [first, ..] = partitions else { continue };
        if topics.contains_key(&first.topic) {
            continue;
        }
        let Some(id) = partitions.iter().find_map(|partition| partition.topic_id) else {
            tracing::warn!(
                topic = first.topic,
                "directories without partition.metadata are left alone"
            );
            continue;
        };
        tracing::info!(
            topic = first.topic,
            "a topic was found in the data directory"
        );
        data.mark_foreign(&first.topic);
        let count = partitions.iter().map(|p| p.index + 1).max().unwrap_or(0);
        let epoch = |index| {
            let of = partitions.iter().find(|partition| partition.index == index);
            of.map_or(-1, |partition| partition.leader_epoch)
        };
        let partitions = (0..count).map(|index| StoredPartition {
            replicas: Vec::new(),
            leader_epoch: epoch(index),
        });
        let topic = StoredTopic {
            id: id.to_string(),
            partitions: partitions.collect(),
            configs: own_configs(&first.topic, config),
        };
        topics.insert(first.topic.clone(), topic);
    }
}

/// What a topic that was found is configured with: nothing, unless it is one of the broker's own,
/// whose records must not be deleted for their age.
fn own_configs(topic: &str, config: &BrokerConfig) -> BTreeMap<String, String> {
    let configs = StateTopic::named(topic).map(|topic| topic.configs(config));
    let configs = configs.into_iter().flatten();
    configs
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
