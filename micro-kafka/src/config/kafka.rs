//! `[kafka]`: the settings of the framework.

use std::collections::BTreeMap;
use std::time::Duration;

use super::key::relaxed;
use super::{ConsumerSettings, ListenerSettings, ProducerSettings, Properties};

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
    /// `[kafka.consumer]`.
    pub consumer: ConsumerSettings,
    /// `[kafka.producer]`.
    pub producer: ProducerSettings,
    /// `[kafka.listener]`: for all listeners.
    pub listener: ListenerSettings,
    /// `[kafka.listeners.<id>]`: for one listener.
    pub listeners: BTreeMap<String, ListenerSettings>,
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
            consumer: ConsumerSettings::default(),
            producer: ProducerSettings::default(),
            listener: ListenerSettings::default(),
            listeners: BTreeMap::new(),
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
}
