//! The one place where topics change.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::broker_config::Values;
use super::resource_config::ResourceConfigs;
use super::{
    BrokerConfig, BrokerScope, CatalogError, Image, PartitionInfo, ResourceKind, StateTopic, Topic,
    TopicId, TopicRef, TopicSettings,
};
use super::{check_topic_name, name, topic_config};

/// Most partitions of a topic in one request, as in Kafka.
const MAX_PARTITIONS: i32 = 10_000;

/// The name of the controllers' own topic, which no other may have.
const CLUSTER_METADATA: &str = "__cluster_metadata";

/// A topic to create.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewTopic {
    /// Its name.
    pub(crate) name: String,
    /// Its number of partitions; -1 for the broker's default.
    pub(crate) partitions: i32,
    /// Replicas of each partition; -1 for the broker's default.
    pub(crate) replication_factor: i16,
    /// Brokers of each partition, by number, instead of the two numbers above.
    pub(crate) assignments: Vec<(i32, Vec<i32>)>,
    /// Its configurations.
    pub(crate) configs: Vec<(String, Option<String>)>,
}

/// Someone who keeps in step with the topics.
pub(crate) trait CatalogObserver: Send + Sync + fmt::Debug {
    /// A topic was created or has more partitions; readers do not see it yet.
    fn topic_changed(&self, topic: &Arc<Topic>);
    /// A topic was deleted; readers do not see it any more.
    fn topic_deleted(&self, topic: &Arc<Topic>);
    /// These partitions have another leader, or none, and readers see it.
    fn leaders_changed(&self, _topic: &Arc<Topic>, _partitions: &[i32]) {}
    /// These are the settings of a broker, or of all, that were made while it runs.
    fn broker_changed(&self, _scope: BrokerScope, _values: &Values) {}
    /// These are the settings of a group or of another resource now.
    fn resource_changed(&self, _kind: ResourceKind, _name: &str, _values: &Values) {}
}

/// The topics of the cluster.
#[derive(Debug)]
pub(crate) struct Catalog {
    config: BrokerConfig,
    brokers: Vec<i32>,
    image: RwLock<Arc<Image>>,
    pub(super) resources: ResourceConfigs,
    /// Held during a change, so that changes follow one another.
    pub(super) changing: Mutex<()>,
    pub(super) observers: RwLock<Vec<Arc<dyn CatalogObserver>>>,
}

impl Catalog {
    /// A cluster without topics, all of whose brokers run.
    pub(crate) fn new(config: BrokerConfig, brokers: Vec<i32>) -> Self {
        let mut image = Image::default();
        image.set_live(brokers.clone());
        Self {
            config,
            brokers,
            image: RwLock::new(Arc::new(image)),
            resources: ResourceConfigs::default(),
            changing: Mutex::default(),
            observers: RwLock::default(),
        }
    }

    /// The topics now; holding the image holds nobody up.
    pub(crate) fn image(&self) -> Arc<Image> {
        Arc::clone(&self.image.read())
    }

    /// The brokers of the cluster, whether they run or not, by id.
    pub(crate) fn brokers(&self) -> &[i32] {
        &self.brokers
    }

    /// The brokers' configuration.
    pub(crate) fn config(&self) -> &BrokerConfig {
        &self.config
    }

    /// What is set for groups and other resources.
    pub(crate) fn resources(&self) -> &ResourceConfigs {
        &self.resources
    }

    /// Adds an observer of later changes.
    pub(crate) fn observe(&self, observer: Arc<dyn CatalogObserver>) {
        self.observers.write().push(observer);
    }

    /// Forgets all observers: they have ended with the broker that they were part of.
    pub(crate) fn forget_observers(&self) {
        self.observers.write().clear();
    }

    /// Creates a topic, or with `validate_only` says whether it could be.
    ///
    /// # Errors
    /// [`CatalogError`] with Kafka's text.
    pub(crate) fn create_topic(
        &self,
        new: &NewTopic,
        validate_only: bool,
    ) -> Result<Arc<Topic>, CatalogError> {
        let _changing = self.changing.lock();
        let image = self.image();
        check_topic_name(&new.name)?;
        if new.name == CLUSTER_METADATA {
            let text = format!("Creation of internal topic {CLUSTER_METADATA} is prohibited.");
            return Err(CatalogError::InvalidRequest(text));
        }
        if image.topic(&new.name).is_some() {
            return Err(CatalogError::Exists(new.name.clone()));
        }
        if let Some(other) = image
            .topics()
            .find(|other| name::collide(&other.name, &new.name))
        {
            let text = format!(
                "Topic '{}' collides with existing topic: {}",
                new.name, other.name
            );
            return Err(CatalogError::InvalidName(text));
        }
        // In Kafka's order.
        let overrides = topic_config::check_overrides(&new.configs, &self.config)?;
        let partitions = self.place(new)?;
        let topic = Arc::new(Topic {
            name: new.name.as_str().into(),
            id: TopicId::random(),
            internal: is_internal(&new.name),
            partitions,
            settings: TopicSettings::new(&overrides, &self.config),
            overrides,
        });
        if !validate_only {
            self.publish(&image, &topic);
        }
        Ok(topic)
    }

    /// Brings back a topic that was there before a restart.
    pub(super) fn restore(
        &self,
        name: &str,
        id: TopicId,
        partitions: Vec<PartitionInfo>,
        overrides: &BTreeMap<String, String>,
    ) {
        let _changing = self.changing.lock();
        let topic = Topic {
            name: name.into(),
            id,
            internal: is_internal(name),
            partitions,
            settings: TopicSettings::new(overrides, &self.config),
            overrides: overrides.clone(),
        };
        self.publish(&self.image(), &Arc::new(topic));
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// [`CatalogError::UnknownTopic`] or [`CatalogError::UnknownTopicId`].
    pub(crate) fn delete_topic(&self, topic: TopicRef<'_>) -> Result<Arc<Topic>, CatalogError> {
        let _changing = self.changing.lock();
        let mut image = Image::clone(&self.image());
        let Some(found) = image.find(topic).map(Arc::clone) else {
            return Err(match topic {
                TopicRef::Name(_) => CatalogError::UnknownTopic,
                TopicRef::Id(_) => CatalogError::UnknownTopicId,
            });
        };
        image.remove(&found);
        *self.image.write() = Arc::new(image);
        for observer in self.observers.read().iter() {
            observer.topic_deleted(&found);
        }
        Ok(found)
    }

    /// Raises a topic's number of partitions to `count`; `assignments` give the new ones' brokers.
    ///
    /// # Errors
    /// [`CatalogError`] with Kafka's text.
    pub(crate) fn grow_topic(
        &self,
        topic: &str,
        count: i32,
        assignments: Option<&[Vec<i32>]>,
        validate_only: bool,
    ) -> Result<Arc<Topic>, CatalogError> {
        let _changing = self.changing.lock();
        let image = self.image();
        let found = image.topic(topic).ok_or(CatalogError::UnknownTopic)?;
        let current = i32::try_from(found.partitions.len()).unwrap_or(i32::MAX);
        check_growth(topic, current, count)?;
        let mut grown = Topic::clone(found);
        let factor = found
            .partitions
            .first()
            .map_or(1, |partition| partition.replicas.len());
        let added = usize::try_from(count - current).unwrap_or_default();
        if let Some(lists) = assignments {
            if lists.len() != added {
                let text = format!(
                    "Attempted to add {added} additional partition(s), but only {} assignment(s) were specified.",
                    lists.len()
                );
                return Err(CatalogError::InvalidAssignment(text));
            }
            for list in lists {
                self.check_replicas(list, factor)?;
                let placed = PartitionInfo::placed(list.clone(), image.live());
                grown.partitions.push(placed);
            }
        } else {
            let first = found.partitions.len();
            grown
                .partitions
                .extend((first..first + added).map(|index| self.spread(index, factor)));
        }
        let grown = Arc::new(grown);
        if !validate_only {
            self.publish(&image, &grown);
        }
        Ok(grown)
    }

    pub(super) fn publish(&self, image: &Image, topic: &Arc<Topic>) {
        for observer in self.observers.read().iter() {
            observer.topic_changed(topic);
        }
        let mut next = image.clone();
        next.insert(Arc::clone(topic));
        self.replace(next);
    }

    pub(super) fn replace(&self, next: Image) {
        *self.image.write() = Arc::new(next);
    }

    fn place(&self, new: &NewTopic) -> Result<Vec<PartitionInfo>, CatalogError> {
        if !new.assignments.is_empty() {
            return self.place_as_told(new);
        }
        let or_default = |value: i64, name| {
            if value == -1 {
                self.config.number(name)
            } else {
                value
            }
        };
        let partitions = or_default(new.partitions.into(), "num.partitions");
        let factor = or_default(new.replication_factor.into(), "default.replication.factor");
        if factor <= 0 {
            let text = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err(CatalogError::InvalidReplicationFactor(text.to_owned()));
        }
        if partitions <= 0 {
            let text = "Number of partitions was set to an invalid non-positive value.";
            return Err(CatalogError::InvalidPartitions(text.to_owned()));
        }
        if partitions > i64::from(MAX_PARTITIONS) {
            let text = format!(
                "Excessively large number of partitions per request: {partitions} is more than {MAX_PARTITIONS}."
            );
            return Err(CatalogError::InvalidPartitions(text));
        }
        let factor = usize::try_from(factor).unwrap_or_default();
        if factor > self.brokers.len() {
            let text = format!(
                "Unable to replicate the partition {factor} time(s): The target replication factor of {factor} \
                 cannot be reached because only {} broker(s) are registered or some brokers have all \
                 their log directories cordoned.",
                self.brokers.len()
            );
            return Err(CatalogError::InvalidReplicationFactor(text));
        }
        let count = usize::try_from(partitions).unwrap_or_default();
        Ok((0..count).map(|index| self.spread(index, factor)).collect())
    }

    fn place_as_told(&self, new: &NewTopic) -> Result<Vec<PartitionInfo>, CatalogError> {
        let also = match (new.replication_factor, new.partitions) {
            (-1, -1) => None,
            (-1, _) => Some("numPartitions"),
            _ => Some("replication factor"),
        };
        if let Some(also) = also {
            let text = format!(
                "A manual partition assignment was specified, but {also} was not set to -1."
            );
            return Err(CatalogError::InvalidRequest(text));
        }
        let mut assignments = new.assignments.clone();
        assignments.sort_by_key(|(index, _)| *index);
        let factor = assignments.first().map_or(0, |(_, brokers)| brokers.len());
        if let Some(twice) = assignments.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let text = format!(
                "Found multiple manual partition assignments for partition {}",
                twice[0].0
            );
            return Err(CatalogError::InvalidAssignment(text));
        }
        let mut partitions = Vec::with_capacity(assignments.len());
        for (expected, (index, brokers)) in (0..).zip(assignments) {
            if index != expected {
                let text = "partitions should be a consecutive 0-based integer sequence";
                return Err(CatalogError::InvalidAssignment(text.to_owned()));
            }
            self.check_replicas(&brokers, factor)?;
            partitions.push(PartitionInfo::placed(brokers, self.image().live()));
        }
        Ok(partitions)
    }

    /// Whether a partition with `factor` replicas could be on these brokers.
    ///
    /// # Errors
    /// [`CatalogError::InvalidAssignment`] with Kafka's text.
    pub(crate) fn check_replicas(
        &self,
        brokers: &[i32],
        factor: usize,
    ) -> Result<(), CatalogError> {
        let twice = (1..brokers.len()).find(|at| brokers[..*at].contains(&brokers[*at]));
        let text = if brokers.is_empty() {
            "The manual partition assignment includes an empty replica list.".to_owned()
        } else if let Some(at) = twice {
            format!(
                "The manual partition assignment includes the broker {} more than once.",
                brokers[at]
            )
        } else if let Some(unknown) = brokers.iter().find(|id| !self.brokers.contains(id)) {
            format!(
                "The manual partition assignment includes broker {unknown}, but no such broker is registered."
            )
        } else if brokers.len() != factor {
            format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not \
                 consistent with previous partitions, which have {factor} replica(s).",
                brokers.len()
            )
        } else {
            return Ok(());
        };
        Err(CatalogError::InvalidAssignment(text))
    }
}

fn is_internal(name: &str) -> bool {
    StateTopic::named(name).is_some()
}

fn check_growth(topic: &str, current: i32, count: i32) -> Result<(), CatalogError> {
    let text = if count == current {
        format!("Topic already has {current} partition(s).")
    } else if count < current {
        format!(
            "The topic {topic} currently has {current} partition(s); {count} would not be an increase."
        )
    } else if count - current > MAX_PARTITIONS {
        format!(
            "Excessively large number of partitions per request: {count} is more than {MAX_PARTITIONS}."
        )
    } else {
        return Ok(());
    };
    Err(CatalogError::InvalidPartitions(text))
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
