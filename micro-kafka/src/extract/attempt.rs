//! Which delivery of the record this is.

use std::fmt;

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::Delivery;

/// Where Spring Kafka counts the topics that a record has come through, big-endian.
const RETRY_TOPIC_ATTEMPTS: &str = "retry_topic-attempts";
/// What the names of retry topics end with, or have before their number.
const RETRY_SUFFIX: &str = "-retry";

/// Which delivery of the record this is: in place, counted from 1 since the partition was assigned,
/// and over retry topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt {
    topics: u32,
    in_place: u32,
}

impl Attempt {
    /// The number of the delivery in place, from 1: Spring's `blockingRetryDeliveryAttempt`.
    #[must_use]
    pub fn number(self) -> u32 {
        self.in_place
    }

    /// The number of the delivery over retry topics, from 1: Spring's
    /// `nonBlockingRetryDeliveryAttempt`. Told by a header that is believed only on the listener's
    /// own retry topics; where it has none, on topics named `…-retry` or `…-retry-<n>`.
    #[must_use]
    pub fn non_blocking(self) -> u32 {
        self.topics
    }

    /// Whether nothing was tried before.
    #[must_use]
    pub fn is_first(self) -> bool {
        self.in_place <= 1 && self.topics <= 1
    }
}

/// How often a retry topic's record was tried in topics before, and is now.
fn topics(delivery: &Delivery) -> u32 {
    let record = delivery.record();
    if let Some(topics) = &delivery.listener().retry_topics {
        return topics.attempts(delivery);
    }
    let topic = record.topic();
    let unnumbered = topic.trim_end_matches(|c: char| c.is_ascii_digit());
    let unnumbered = unnumbered.strip_suffix('-').unwrap_or(topic);
    if !topic.ends_with(RETRY_SUFFIX) && !unnumbered.ends_with(RETRY_SUFFIX) {
        return 1;
    }
    let header = record.headers().get(RETRY_TOPIC_ATTEMPTS);
    let bytes = header.and_then(|header| <[u8; 4]>::try_from(header.value?).ok());
    let count = bytes
        .map(i32::from_be_bytes)
        .and_then(|n| u32::try_from(n).ok());
    count.unwrap_or(1).max(1)
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.in_place.fmt(f)
    }
}

impl FromRecord<'_> for Attempt {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Ok(Self {
            topics: topics(delivery),
            in_place: delivery.attempt(),
        })
    }
}
