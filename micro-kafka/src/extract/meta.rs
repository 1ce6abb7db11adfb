//! Where a record stands.

use std::fmt;
use std::sync::Arc;

use super::FromRecord;
use super::topic_name::shared_topic_name;
use crate::error::ListenerError;
use crate::listener::Delivery;
use crate::record::Timestamp;

/// Where a record stands; owned, and cheap to clone. Shown as `orders-3@42`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    topic: Arc<str>,
    partition: i32,
    offset: i64,
    timestamp: Timestamp,
}

impl Meta {
    /// The topic as the application names it, without the namespace.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The partition's number.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// The record's offset within its partition.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// When the record was made.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
}

impl fmt::Display for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{}", self.topic, self.partition, self.offset)
    }
}

impl FromRecord<'_> for Meta {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        let record = delivery.record();
        let topic = record.topic();
        let topic = topic
            .strip_prefix(&*delivery.listener().namespace)
            .unwrap_or(topic);
        Ok(Self {
            topic: shared_topic_name(topic),
            partition: record.partition(),
            offset: record.offset(),
            timestamp: record.timestamp(),
        })
    }
}
