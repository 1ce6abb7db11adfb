//! Topics: created, described, deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::kafka_admin::PAUSE;
use super::{AdminError, KafkaAdmin};
use crate::client::{self, ErrorCode, PartitionInfo, Refusal, TopicSpec};

/// A topic to create; what is not set is the broker's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    name: String,
    partitions: Option<u32>,
    replication_factor: Option<u16>,
    configs: Vec<(String, String)>,
}

impl NewTopic {
    /// A topic of that name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            partitions: None,
            replication_factor: None,
            configs: Vec::new(),
        }
    }

    /// How many partitions.
    #[must_use]
    pub fn partitions(mut self, count: u32) -> Self {
        self.partitions = Some(count);
        self
    }

    /// On how many brokers.
    #[must_use]
    pub fn replication_factor(mut self, factor: u16) -> Self {
        self.replication_factor = Some(factor);
        self
    }

    /// Sets a configuration of the topic, as in `retention.ms`.
    #[must_use]
    pub fn config(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.configs.push((key.into(), value.into()));
        self
    }

    /// Keeps the last record of each key: `cleanup.policy = compact`, as Spring's `compact()`.
    #[must_use]
    pub fn compacted(self) -> Self {
        self.config("cleanup.policy", "compact")
    }

    /// This topic, with what `fallback` says where this one says nothing.
    pub(crate) fn or(mut self, fallback: &Self) -> Self {
        self.partitions = self.partitions.or(fallback.partitions);
        self.replication_factor = self.replication_factor.or(fallback.replication_factor);
        for (key, value) in &fallback.configs {
            if !self.configs.iter().any(|(own, _)| own == key) {
                self.configs.push((key.clone(), value.clone()));
            }
        }
        self
    }

    /// Its name, without namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many partitions it is to have.
    #[must_use]
    pub fn partition_count(&self) -> Option<u32> {
        self.partitions
    }

    /// Its configurations, in the order in which they were set.
    #[must_use]
    pub fn configs(&self) -> &[(String, String)] {
        &self.configs
    }

    fn spec<'s>(&'s self, wire_name: &'s str) -> TopicSpec<'s> {
        let partitions = self.partitions.map(i32::try_from);
        TopicSpec {
            name: wire_name,
            partitions: partitions.map_or(-1, |count| count.unwrap_or(i32::MAX)),
            replication: self.replication_factor.map_or(-1, i32::from),
            configs: &self.configs,
        }
    }
}

/// What became of a topic that was to be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New,
    /// It was there before; it is left as it was.
    Existing,
}

/// A new topic is mostly announced within milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

const CREATE: &str = "create topic";
const DELETE: &str = "delete topic";
const DESCRIBE: &str = "describe topic";

impl KafkaAdmin {
    /// Creates topics; one that exists already is left as it is, whatever its partitions. Returns
    /// once the broker that is asked knows them all.
    ///
    /// # Errors
    /// With the first topic that could not be created; others may have been.
    pub async fn create_topics(
        &self,
        topics: &[NewTopic],
    ) -> Result<BTreeMap<String, Created>, AdminError> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names = self.wire_names(topics.iter().map(|topic| &*topic.name));
        let specs: Vec<_> = topics
            .iter()
            .zip(&names)
            .map(|(topic, name)| topic.spec(name))
            .collect();
        let request = |timeout| client::create_topics(self.client(), &specs, timeout);
        let answers = self.ask(CREATE, &names.join(", "), request).await?;
        let mut created: BTreeMap<String, Created> = BTreeMap::new();
        for (name, answer) in answers {
            let outcome = match answer {
                Ok(()) => Created::New,
                Err(refusal) if refusal.code == ErrorCode::TOPIC_EXISTS => Created::Existing,
                Err(refusal) => return Err(self.error(CREATE, name, refusal)),
            };
            created.insert(self.own_name(&name).into(), outcome);
        }
        self.until_known(&created).await;
        Ok(created)
    }

    /// Waits until the new topics have leaders, and the others are there: what is made, perhaps by
    /// another instance a moment ago, is announced to the brokers afterwards.
    async fn until_known(&self, created: &BTreeMap<String, Created>) {
        let deadline = Instant::now() + self.timeout;
        let topics: Vec<&str> = created.keys().map(String::as_str).collect();
        let is_known = |(topic, partitions): (&String, &Option<Vec<PartitionInfo>>)| {
            let is_new = created.get(topic) == Some(&Created::New);
            let mut known = partitions.iter().flatten();
            partitions.is_some() && (!is_new || known.all(|of| of.leader.is_some()))
        };
        let mut pause = FIRST_PAUSE;
        // Whoever may create a topic need not be allowed to describe it.
        while let Ok(described) = self.describe(&topics).await {
            if described.iter().all(is_known) || Instant::now() + pause >= deadline {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
    }

    /// Deletes topics; one that does not exist counts as deleted.
    ///
    /// # Errors
    /// With the first topic that could not be deleted; others may have been.
    pub async fn delete_topics(&self, topics: &[&str]) -> Result<(), AdminError> {
        if topics.is_empty() {
            return Ok(());
        }
        let names = self.wire_names(topics.iter().copied());
        let wire: Vec<&str> = names.iter().map(String::as_str).collect();
        let request = |timeout| client::delete_topics(self.client(), &wire, timeout);
        let answers = self.ask(DELETE, &names.join(", "), request).await?;
        for (name, answer) in answers {
            match answer {
                Err(refusal) if !is_unknown(&refusal) => {
                    return Err(self.error(DELETE, name, refusal));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How many partitions topics have; `None` for one that does not exist. Creates none.
    ///
    /// # Errors
    /// With the first topic that may not be described.
    pub async fn partition_counts(
        &self,
        topics: &[&str],
    ) -> Result<BTreeMap<String, Option<u32>>, AdminError> {
        let described = self.describe(topics).await?.into_iter();
        let count = |partitions: Option<Vec<_>>| u32::try_from(partitions?.len()).ok();
        Ok(described
            .map(|(topic, partitions)| (topic, count(partitions)))
            .collect())
    }

    /// How many partitions a topic has; `None` if it does not exist.
    ///
    /// # Errors
    /// If it may not be described.
    pub async fn partition_count(&self, topic: &str) -> Result<Option<u32>, AdminError> {
        let counts = self.partition_counts(&[topic]).await?;
        Ok(counts.get(topic).copied().flatten())
    }

    /// A topic's partitions, by their numbers; `None` if it does not exist. Does not create it.
    ///
    /// # Errors
    /// If it may not be described.
    pub async fn partitions(&self, topic: &str) -> Result<Option<Vec<PartitionInfo>>, AdminError> {
        Ok(self.describe(&[topic]).await?.remove(topic).flatten())
    }

    async fn describe(
        &self,
        topics: &[&str],
    ) -> Result<BTreeMap<String, Option<Vec<PartitionInfo>>>, AdminError> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names = self.wire_names(topics.iter().copied());
        let wire: Vec<&str> = names.iter().map(String::as_str).collect();
        let request = |timeout| client::describe_topics(self.client(), &wire, timeout);
        let answers = self.ask(DESCRIBE, &names.join(", "), request).await?;
        let mut described = BTreeMap::new();
        for (name, answer) in answers {
            let partitions = match answer {
                Ok(partitions) => Some(partitions),
                Err(refusal) if is_unknown(&refusal) => None,
                Err(refusal) => return Err(self.error(DESCRIBE, name, refusal)),
            };
            described.insert(self.own_name(&name).into(), partitions);
        }
        Ok(described)
    }
}

fn is_unknown(refusal: &Refusal) -> bool {
    refusal.code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        || refusal.code == ErrorCode::UNKNOWN_TOPIC
}
