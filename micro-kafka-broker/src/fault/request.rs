//! A request, as rules and the journal see it.

use std::fmt;
use std::net::SocketAddr;

use super::{ApiKey, Matcher};

/// A request, as rules and the journal see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestView {
    /// Its API.
    pub api: ApiKey,
    /// The version of it.
    pub version: i16,
    /// The broker that it was sent to.
    pub broker: i32,
    /// Its connection: they are numbered from 1 on as they come.
    pub connection: u64,
    /// The client's number for it.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<String>,
    /// The client's address.
    pub peer: SocketAddr,
    /// The topics that it names, with their partitions.
    pub topics: Vec<TopicView>,
    /// The consumer groups that it names.
    pub groups: Vec<String>,
    /// The transactional ids that it names.
    pub transactional_ids: Vec<String>,
}

/// A topic that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicView {
    /// Its name.
    pub topic: String,
    /// The partitions named; none where it is named as a whole.
    pub partitions: Vec<i32>,
}

impl TopicView {
    pub(crate) fn new(topic: impl Into<String>, partitions: Vec<i32>) -> Self {
        Self {
            topic: topic.into(),
            partitions,
        }
    }

    /// Whether a matcher is about the topic or one of its partitions.
    pub(crate) fn is_met_by(&self, matcher: &Matcher) -> bool {
        let met = |partition| matcher.covers(&self.topic, partition);
        match self.partitions.is_empty() {
            true => met(None),
            false => self
                .partitions
                .iter()
                .any(|partition| met(Some(*partition))),
        }
    }
}

impl RequestView {
    /// Whether it names a topic.
    #[must_use]
    pub fn concerns(&self, topic: &str) -> bool {
        self.topics.iter().any(|named| named.topic == topic)
    }
}

impl fmt::Display for TopicView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.topic)?;
        if self.partitions.is_empty() {
            return Ok(());
        }
        let numbers: Vec<_> = self.partitions.iter().map(ToString::to_string).collect();
        write!(f, "-{}", numbers.join(","))
    }
}

impl fmt::Display for RequestView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.api, self.version)?;
        for topic in &self.topics {
            write!(f, " {topic}")?;
        }
        for group in &self.groups {
            write!(f, " group={group}")?;
        }
        for id in &self.transactional_ids {
            write!(f, " transaction={id}")?;
        }
        Ok(())
    }
}
