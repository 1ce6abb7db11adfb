//! `[kafka.consumer]`: what all listeners' consumers share.

use std::time::Duration;

use super::Properties;
use super::names::{check_client_id, check_group};
use super::property_check::{Room, read_properties};
use super::section::Section;
use super::values::{boolean, checked, choice, duration, positive_duration, size};

/// Settings of all consumers; a listener may override group, client id and properties.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerSettings {
    /// `group-id`: the group of every listener that names none.
    pub group_id: Option<String>,
    /// `client-id`: how brokers name the consumers in logs and quotas; over `kafka.client-id`.
    pub client_id: Option<String>,
    /// `auto-offset-reset`: where a group without a committed offset begins; default `earliest`.
    pub auto_offset_reset: AutoOffsetReset,
    /// `enable-auto-commit`: commit by time only; what was handled, never what was merely read.
    /// Default `false`.
    pub enable_auto_commit: bool,
    /// `auto-commit-interval`: how often, when `enable-auto-commit` is on. Default 5 s.
    pub auto_commit_interval: Duration,
    /// `fetch-min-size`: bytes a broker waits for before it answers a fetch.
    pub fetch_min_size: Option<u64>,
    /// `fetch-max-wait`: how long a broker waits for `fetch-min-size`.
    pub fetch_max_wait: Option<Duration>,
    /// `heartbeat-interval`: between two heartbeats to the group's coordinator.
    pub heartbeat_interval: Option<Duration>,
    /// `max-poll-interval`: after so long without a poll a consumer leaves its group.
    pub max_poll_interval: Option<Duration>,
    /// `isolation-level`: whether records of open or aborted transactions are read; by default
    /// they are not, as in librdkafka.
    pub isolation_level: Option<IsolationLevel>,
    /// `[kafka.consumer.properties]`: librdkafka properties of all consumers.
    pub properties: Properties,
}

impl Default for ConsumerSettings {
    fn default() -> Self {
        Self {
            group_id: None,
            client_id: None,
            auto_offset_reset: AutoOffsetReset::Earliest,
            enable_auto_commit: false,
            auto_commit_interval: Duration::from_secs(5),
            fetch_min_size: None,
            fetch_max_wait: None,
            heartbeat_interval: None,
            max_poll_interval: None,
            isolation_level: None,
            properties: Properties::default(),
        }
    }
}

impl ConsumerSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let settings = Self {
            group_id: section.read("group-id", checked(check_group)),
            client_id: section.read("client-id", checked(check_client_id)),
            auto_offset_reset: section
                .read("auto-offset-reset", choice(&AutoOffsetReset::NAMES))
                .unwrap_or(default.auto_offset_reset),
            enable_auto_commit: section
                .read("enable-auto-commit", boolean)
                .unwrap_or(default.enable_auto_commit),
            auto_commit_interval: section
                .read("auto-commit-interval", positive_duration)
                .unwrap_or(default.auto_commit_interval),
            fetch_min_size: section.read("fetch-min-size", size),
            fetch_max_wait: section.read("fetch-max-wait", duration),
            heartbeat_interval: section.read("heartbeat-interval", positive_duration),
            max_poll_interval: section.read("max-poll-interval", positive_duration),
            isolation_level: section.read("isolation-level", choice(&IsolationLevel::NAMES)),
            properties: read_properties(&section.inner("properties"), Room::Consumer),
        };
        section.refuse_unknown();
        settings
    }
}

/// Where a group without a committed offset begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AutoOffsetReset {
    /// `earliest`: with the oldest record, so that none is missed.
    #[default]
    Earliest,
    /// `latest`: with the next record.
    Latest,
    /// `none`: nowhere; it is an error.
    None,
}

impl AutoOffsetReset {
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("earliest", Self::Earliest),
        ("latest", Self::Latest),
        ("none", Self::None),
    ];

    /// The value of librdkafka's `auto.offset.reset`.
    #[must_use]
    pub fn as_property(self) -> &'static str {
        match self {
            Self::Earliest => "earliest",
            Self::Latest => "latest",
            Self::None => "error",
        }
    }
}

/// Which records of transactions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IsolationLevel {
    /// `read-committed`: those of committed transactions.
    ReadCommitted,
    /// `read-uncommitted`: all.
    ReadUncommitted,
}

impl IsolationLevel {
    pub(crate) const NAMES: [(&'static str, Self); 2] = [
        ("read-committed", Self::ReadCommitted),
        ("read-uncommitted", Self::ReadUncommitted),
    ];

    /// The value of librdkafka's `isolation.level`.
    #[must_use]
    pub fn as_property(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}
