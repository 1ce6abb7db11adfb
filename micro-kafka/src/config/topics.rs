//! `[kafka.topics.<name>]` and `[kafka.admin]`: topics that the service declares.

use std::collections::BTreeMap;
use std::time::Duration;

use super::names::{check_client_id, check_topic};
use super::property_check::{Room, read_properties};
use super::section::Section;
use super::tree::Value;
use super::values::{boolean, checked, integer, positive_duration};
use super::{ConfigError, Properties};

const MOST_PARTITIONS: u32 = 10_000;
const MOST_REPLICAS: u16 = 1_000;

/// `[kafka.topics.<name>]`: a topic as it shall be; Spring's `NewTopic` bean.
///
/// ```toml
/// [kafka.topics.orders]
/// partitions = 6
/// configs.retention.ms = 604800000
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicSettings {
    /// `partitions`: how many; the broker's default if not set. A topic that has fewer is grown.
    pub partitions: Option<u32>,
    /// `replication-factor`: on how many brokers; the broker's default if not set.
    pub replication_factor: Option<u16>,
    /// `compact`: keeps the last record of each key. Default `false`.
    pub compact: bool,
    /// `[kafka.topics.<name>.configs]`: settings of the topic, as in `retention.ms`.
    pub configs: BTreeMap<String, String>,
}

impl TopicSettings {
    fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            partitions: section.read("partitions", integer(1..=MOST_PARTITIONS)),
            replication_factor: section.read("replication-factor", integer(1..=MOST_REPLICAS)),
            compact: section.read("compact", boolean).unwrap_or_default(),
            configs: configs(&section.inner("configs")),
        };
        section.refuse_unknown();
        if settings.compact && settings.configs.contains_key("cleanup.policy") {
            let reason = "compact = true and configs.cleanup.policy say the same thing";
            let error = ConfigError::conflict(reason).hint("leave one of them out");
            section.report_at("compact", error);
        }
        settings
    }
}

/// All declared topics, by name.
pub(super) fn topics(section: &Section<'_>) -> BTreeMap<String, TopicSettings> {
    let mut topics = BTreeMap::new();
    for (name, inner) in section.all_tables() {
        if let Err(reason) = check_topic(name) {
            section.report_at(name, ConfigError::invalid(reason));
        }
        topics.insert(name.to_owned(), TopicSettings::read(inner));
    }
    topics
}

/// Which settings a topic may have, the broker knows.
fn configs(section: &Section<'_>) -> BTreeMap<String, String> {
    let mut configs = BTreeMap::new();
    for (name, entry) in section.entries() {
        match (&entry.node.value, entry.node.as_text()) {
            (Value::Datetime(_), _) | (_, None) => {
                let expected = "a text, number or boolean";
                let error = ConfigError::wrong_type(expected, entry.node.kind());
                section.report_at(name, error);
            }
            (_, Some(value)) => {
                configs.insert(name.to_owned(), value);
            }
        }
    }
    configs
}

/// `[kafka.admin]`: how declared topics are made; the names are Spring's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminSettings {
    /// `client-id`: how brokers name the admin; by default it uses the producer's connections.
    pub client_id: Option<String>,
    /// `auto-create`: whether declared topics are created and grown at start. Default `true`.
    pub auto_create: bool,
    /// `modify-topic-configs`: whether settings of topics that exist are altered. Default `false`.
    pub modify_topic_configs: bool,
    /// `fail-fast`: whether the application does not start when the broker cannot be asked, or
    /// refuses; otherwise the log says so. Default `false`.
    pub fail_fast: bool,
    /// `operation-timeout`: how long a request may take. Default 30 s.
    pub operation_timeout: Duration,
    /// `[kafka.admin.properties]`: librdkafka properties of the admin that makes declared topics,
    /// which then has connections of its own.
    pub properties: Properties,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self {
            client_id: None,
            auto_create: true,
            modify_topic_configs: false,
            fail_fast: false,
            operation_timeout: Duration::from_secs(30),
            properties: Properties::default(),
        }
    }
}

impl AdminSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let settings = Self {
            client_id: section.read("client-id", checked(check_client_id)),
            auto_create: section
                .read("auto-create", boolean)
                .unwrap_or(default.auto_create),
            modify_topic_configs: section
                .read("modify-topic-configs", boolean)
                .unwrap_or_default(),
            fail_fast: section.read("fail-fast", boolean).unwrap_or_default(),
            operation_timeout: section
                .read("operation-timeout", positive_duration)
                .unwrap_or(default.operation_timeout),
            properties: read_properties(&section.inner("properties"), Room::Shared),
        };
        section.refuse_unknown();
        settings
    }
}
