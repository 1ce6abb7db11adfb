//! `[kafka.listener]` (all listeners) and `[kafka.listeners.<id>]` (one of them).

use std::time::Duration;

use crate::listener::AckMode;

use super::names::{check_client_id, check_group, check_topic};
use super::property_check::{Room, read_properties};
use super::section::Section;
use super::values::{boolean, checked, choice, duration, integer, list, positive_duration};
use super::{Properties, RetrySettings};

/// Each consumer is a thread.
const MAX_CONCURRENCY: usize = 1_000;

/// The ledger of a partition has a slot for each record.
const MAX_UNCOMMITTED: usize = 100_000_000;

/// Settings of listeners as they were written; `None` where nothing was.
///
/// A value is taken from `[kafka.listeners.<id>]`, else from the attribute, else from
/// `[kafka.listener]`; [`ResolvedListener`] is the outcome.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListenerSettings {
    /// `topics`: an array, or a text with commas.
    pub topics: Option<Vec<String>>,
    /// `group-id`: the consumer group.
    pub group_id: Option<String>,
    /// `client-id`: how brokers name its consumers.
    pub client_id: Option<String>,
    /// `concurrency`: consumers, each on its own thread; 1 to 1,000.
    pub concurrency: Option<usize>,
    /// `auto-startup`: whether it runs once the app has started.
    pub auto_startup: Option<bool>,
    /// `ack-mode`: when offsets are committed.
    pub ack_mode: Option<AckMode>,
    /// `max-uncommitted`: records beyond the lowest unfinished one of a partition, until the
    /// partition is no longer read.
    pub max_uncommitted: Option<usize>,
    /// `revoke-drain`: how long records in flight may take to finish when their partition is
    /// taken away.
    pub revoke_drain: Option<Duration>,
    /// `commit-interval`: offsets are committed at latest after this time.
    pub commit_interval: Option<Duration>,
    /// `commit-count`: offsets are committed at latest after so many records.
    pub commit_count: Option<u32>,
    /// `[….retry]`: attempts and waits, also by error variant.
    pub retry: RetrySettings,
    /// `dead-letter-topic`: over `<topic>-dlt`.
    pub dead_letter_topic: Option<String>,
    /// `[….properties]`: librdkafka properties of its consumers.
    pub properties: Properties,
}

impl ListenerSettings {
    /// These settings, and those of `fallback` where these have none.
    #[must_use]
    pub fn or(self, fallback: &Self) -> Self {
        let mut properties = fallback.properties.clone();
        properties.extend(&self.properties);
        Self {
            topics: self.topics.or_else(|| fallback.topics.clone()),
            group_id: self.group_id.or_else(|| fallback.group_id.clone()),
            client_id: self.client_id.or_else(|| fallback.client_id.clone()),
            concurrency: self.concurrency.or(fallback.concurrency),
            auto_startup: self.auto_startup.or(fallback.auto_startup),
            ack_mode: self.ack_mode.or(fallback.ack_mode),
            max_uncommitted: self.max_uncommitted.or(fallback.max_uncommitted),
            revoke_drain: self.revoke_drain.or(fallback.revoke_drain),
            commit_interval: self.commit_interval.or(fallback.commit_interval),
            commit_count: self.commit_count.or(fallback.commit_count),
            retry: self.retry.or(&fallback.retry),
            dead_letter_topic: self
                .dead_letter_topic
                .or_else(|| fallback.dead_letter_topic.clone()),
            properties,
        }
    }
}

impl ListenerSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            topics: section.read("topics", list(check_topic)),
            group_id: section.read("group-id", checked(check_group)),
            client_id: section.read("client-id", checked(check_client_id)),
            concurrency: section.read("concurrency", integer(1..=MAX_CONCURRENCY)),
            auto_startup: section.read("auto-startup", boolean),
            ack_mode: section.read("ack-mode", choice(&AckMode::NAMES)),
            max_uncommitted: section.read("max-uncommitted", integer(1..=MAX_UNCOMMITTED)),
            revoke_drain: section.read("revoke-drain", duration),
            commit_interval: section.read("commit-interval", positive_duration),
            commit_count: section.read("commit-count", integer(1..=u32::MAX)),
            retry: RetrySettings::read(section.inner("retry")),
            dead_letter_topic: section.read("dead-letter-topic", checked(check_topic)),
            properties: read_properties(&section.inner("properties"), Room::Consumer),
        };
        section.refuse_unknown();
        settings
    }
}

/// All that one listener runs with: `[kafka.listeners.<id>]`, its attribute, `[kafka.listener]`,
/// `[kafka.consumer]`, `[kafka]` and the defaults in one, checked.
///
/// Topics are named as they were written; [`KafkaSettings::namespaced`] gives a broker's name.
///
/// [`KafkaSettings::namespaced`]: super::KafkaSettings::namespaced
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedListener {
    /// The listener's id.
    pub id: String,
    /// The topics it reads, each once; at least one.
    pub topics: Vec<String>,
    /// Its group as it was written; the group with its namespace is `group.id` of
    /// [`consumer_properties`](Self::consumer_properties).
    pub group_id: String,
    /// Consumers, each on its own thread. Default 1.
    pub concurrency: usize,
    /// Whether it runs once the app has started. Default `true`.
    pub auto_startup: bool,
    /// When offsets are committed. Default `batch`.
    pub ack_mode: AckMode,
    /// With `enable-auto-commit`: what was handled is committed at this interval, and at no
    /// other time but revoke and stop.
    pub auto_commit: Option<Duration>,
    /// Records beyond the lowest unfinished one of a partition. Default 100,000.
    pub max_uncommitted: usize,
    /// Time to finish records of a partition that is taken away. Default 10 s.
    pub revoke_drain: Duration,
    /// Longest time between two commits. Default 1 s.
    pub commit_interval: Duration,
    /// Most records between two commits. Default 1,000.
    pub commit_count: u32,
    /// Attempts and waits.
    pub retry: RetrySettings,
    /// The dead-letter topic, if it is not `<topic>-dlt`.
    pub dead_letter_topic: Option<String>,
    /// Every librdkafka property of its consumers, servers and group included.
    pub consumer_properties: Properties,
}
