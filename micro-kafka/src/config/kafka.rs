//! `[kafka]`: the settings of the framework.

use std::collections::BTreeMap;
use std::time::Duration;

use super::key::relaxed;
use super::layers::read_config_table;
use super::names::{check_client_id, check_namespace, check_server};
use super::property_check::{Room, read_properties};
use super::section::Section;
use super::topics::topics;
use super::values::{checked, duration, list, metric_tags, size};
use super::{
    AdminSettings, ClaimCheckSettings, ConsumerSettings, DelayedSendSettings, JsonSettings,
    ListenerSettings, NamedTemplateSettings, ProducerSettings, Properties, RetryTopicSettings,
    SchemaRegistrySettings, SecuritySettings, TemplateSettings, TopicSettings,
};
use crate::observe::MetricTags;

/// The table `[kafka]`.
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaSettings {
    /// `bootstrap-servers`: `host:port` with commas between them; default `localhost:9092`.
    pub bootstrap_servers: String,
    /// `client-id`: how brokers name this service in logs and quotas.
    pub client_id: Option<String>,
    /// `namespace`: put before every topic and group, as `<namespace>.`; keeps tests and
    /// environments on one cluster apart.
    pub namespace: Option<String>,
    /// `shutdown-timeout`: how long a stop waits for records in flight. Default 10 s.
    pub shutdown_timeout: Duration,
    /// `memory-budget`: the bytes that the buffers of all clients may take together; default: each
    /// client has limits of its own, whatever the others have.
    pub memory_budget: Option<u64>,
    /// `metric-tags`: tags of all figures, as in `region=eu`.
    pub metric_tags: MetricTags,
    /// `[kafka.security]`, `[kafka.ssl]` and `[kafka.sasl]`: of all clients.
    pub security: SecuritySettings,
    /// `[kafka.consumer]`.
    pub consumer: ConsumerSettings,
    /// `[kafka.producer]`.
    pub producer: ProducerSettings,
    /// `[kafka.admin]`: how declared topics are made.
    pub admin: AdminSettings,
    /// `[kafka.topics.<name>]`: the topics that are made at start, by name.
    pub topics: BTreeMap<String, TopicSettings>,
    /// `[kafka.template]`: the application's own template.
    pub template: TemplateSettings,
    /// `[kafka.templates.<name>]`: further ones.
    pub templates: BTreeMap<String, NamedTemplateSettings>,
    /// `[kafka.listener]`: for all listeners.
    pub listener: ListenerSettings,
    /// `[kafka.listeners.<id>]`: for one listener.
    pub listeners: BTreeMap<String, ListenerSettings>,
    /// `[kafka.containers.<name>]`: for all listeners that name it.
    pub containers: BTreeMap<String, ListenerSettings>,
    /// `[kafka.retry.topic]`: how failed records go through retry topics, for all listeners.
    pub retry_topic: RetryTopicSettings,
    /// `[kafka.json]`: how JSON payloads tell their types.
    pub json: JsonSettings,
    /// `[kafka.schema-registry]`: where schemas are kept.
    pub schema_registry: SchemaRegistrySettings,
    /// `[kafka.claim-check]`: large payloads that go to a store.
    pub claim_check: ClaimCheckSettings,
    /// `[kafka.delayed]`: records that are sent later.
    pub delayed: DelayedSendSettings,
    /// `[kafka.properties]`: librdkafka properties of all clients; those that only consumers or
    /// only producers have go to them alone.
    pub properties: Properties,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            bootstrap_servers: "localhost:9092".to_owned(),
            client_id: None,
            namespace: None,
            shutdown_timeout: Duration::from_secs(10),
            memory_budget: None,
            metric_tags: MetricTags::default(),
            security: SecuritySettings::default(),
            consumer: ConsumerSettings::default(),
            producer: ProducerSettings::default(),
            admin: AdminSettings::default(),
            topics: BTreeMap::new(),
            template: TemplateSettings::default(),
            templates: BTreeMap::new(),
            listener: ListenerSettings::default(),
            listeners: BTreeMap::new(),
            containers: BTreeMap::new(),
            retry_topic: RetryTopicSettings::default(),
            json: JsonSettings::default(),
            schema_registry: SchemaRegistrySettings::default(),
            claim_check: ClaimCheckSettings::default(),
            delayed: DelayedSendSettings::default(),
            properties: Properties::default(),
        }
    }
}

impl KafkaSettings {
    /// The name by which brokers know a topic or group: with the namespace before it.
    #[must_use]
    pub fn namespaced(&self, name: &str) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}.{name}"),
            None => name.to_owned(),
        }
    }

    /// What `[kafka.listeners.<id>]` says, the id spelled in any of the relaxed ways.
    #[must_use]
    pub fn listener_overrides(&self, id: &str) -> Option<&ListenerSettings> {
        let wanted = relaxed(id);
        self.listeners
            .iter()
            .find(|(name, _)| relaxed(name) == wanted)
            .map(|(_, settings)| settings)
    }

    /// What `[kafka.containers.<name>]` says, the name spelled in any of the relaxed ways.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&ListenerSettings> {
        let wanted = relaxed(name);
        let mut containers = self.containers.iter();
        let found = containers.find(|(name, _)| relaxed(name) == wanted);
        found.map(|(_, settings)| settings)
    }
}

impl KafkaSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let producer = ProducerSettings::read(section.inner("producer"));
        read_config_table(section.inner("config"));
        let settings = Self {
            bootstrap_servers: section
                .read("bootstrap-servers", list(check_server))
                .map_or(default.bootstrap_servers, |servers| servers.join(",")),
            client_id: section.read("client-id", checked(check_client_id)),
            namespace: section.read("namespace", checked(check_namespace)),
            shutdown_timeout: section
                .read("shutdown-timeout", duration)
                .unwrap_or(default.shutdown_timeout),
            memory_budget: section.read("memory-budget", size),
            metric_tags: section.read("metric-tags", metric_tags).unwrap_or_default(),
            security: SecuritySettings::read(
                section.inner("security"),
                section.inner("ssl"),
                section.inner("sasl"),
            ),
            consumer: ConsumerSettings::read(section.inner("consumer")),
            admin: AdminSettings::read(section.inner("admin")),
            topics: topics(&section.inner("topics")),
            template: TemplateSettings::read(section.inner("template")),
            templates: read_templates(&section.inner("templates"), &producer),
            producer,
            listener: ListenerSettings::read(section.inner("listener")),
            listeners: read_listeners(&section.inner("listeners")),
            containers: read_listeners(&section.inner("containers")),
            retry_topic: read_retry_topic(section.inner("retry")),
            json: JsonSettings::read(section.inner("json")),
            schema_registry: SchemaRegistrySettings::read(section.inner("schema-registry")),
            claim_check: ClaimCheckSettings::read(section.inner("claim-check")),
            delayed: DelayedSendSettings::read(section.inner("delayed")),
            properties: read_properties(&section.inner("properties"), Room::Shared),
        };
        section.refuse_unknown();
        settings
    }
}

fn read_retry_topic(mut section: Section<'_>) -> RetryTopicSettings {
    let settings = RetryTopicSettings::read(section.inner("topic"));
    section.refuse_unknown();
    settings
}

fn read_listeners(section: &Section<'_>) -> BTreeMap<String, ListenerSettings> {
    section
        .all_tables()
        .into_iter()
        .map(|(id, inner)| (id.to_owned(), ListenerSettings::read(inner)))
        .collect()
}

fn read_templates(
    section: &Section<'_>,
    producer: &ProducerSettings,
) -> BTreeMap<String, NamedTemplateSettings> {
    let named = |(name, inner): (&str, Section<'_>)| {
        let settings = NamedTemplateSettings::read(inner, producer);
        (name.to_owned(), settings)
    };
    section.all_tables().into_iter().map(named).collect()
}
