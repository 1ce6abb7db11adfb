//! Offsets of partitions and of groups.

use std::collections::BTreeMap;
use std::fmt;

use super::{AdminError, KafkaAdmin};
use crate::client::{self, End};

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition of a topic.
    #[must_use]
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl KafkaAdmin {
    /// The offsets that a group has committed; empty if it has none or does not exist.
    ///
    /// # Errors
    /// If they may not be read.
    pub async fn committed_offsets(
        &self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, i64>, AdminError> {
        let group = self.wire_name(group);
        let request = |timeout| client::committed(self.client(), &group, timeout);
        let offsets = self.ask("read offsets of group", &group, request).await?;
        let partition =
            |topic: &str, partition| TopicPartition::new(self.own_name(topic), partition);
        Ok(offsets
            .into_iter()
            .map(|at| (partition(&at.topic, at.partition), at.offset))
            .collect())
    }

    /// By partition, the offset that the next record will have.
    ///
    /// # Errors
    /// If the topic does not exist or may not be described.
    pub async fn end_offsets(&self, topic: &str) -> Result<BTreeMap<i32, i64>, AdminError> {
        self.offsets(topic, End::Next).await
    }

    /// By partition, the offset of the first record that is still there.
    ///
    /// # Errors
    /// If the topic does not exist or may not be described.
    pub async fn start_offsets(&self, topic: &str) -> Result<BTreeMap<i32, i64>, AdminError> {
        self.offsets(topic, End::First).await
    }

    async fn offsets(&self, topic: &str, end: End) -> Result<BTreeMap<i32, i64>, AdminError> {
        let count = self.partition_count(topic).await?;
        let topic = self.wire_name(topic);
        let Some(count) = count.and_then(|count| i32::try_from(count).ok()) else {
            return Err(AdminError::UnknownTopic { topic });
        };
        let request = |timeout| client::list_offsets(self.client(), &topic, 0..count, end, timeout);
        let offsets = self.ask("read offsets of topic", &topic, request).await?;
        Ok(offsets
            .into_iter()
            .map(|at| (at.partition, at.offset))
            .collect())
    }
}
