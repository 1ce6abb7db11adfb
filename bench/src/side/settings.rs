//! The properties of both sides, so that a ratio shows the framework and not one setting.

use micro_kafka::client::consumer_properties;
use micro_kafka::template::DEFAULT_PROPERTIES;
use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;

use super::Task;

impl Task {
    /// A consumer with the framework's properties.
    pub(super) fn consumer(&self) -> ClientConfig {
        let mut config = self.default_consumer();
        config.extend(consumer_properties(&self.properties));
        config
    }

    /// A consumer with librdkafka's properties.
    pub(super) fn default_consumer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("group.id", &self.group)
            .set("auto.offset.reset", "earliest");
        config
    }

    /// A producer with the framework's properties.
    pub(super) fn producer(&self) -> ClientConfig {
        producer(&self.bootstrap)
    }
}

pub(super) fn producer(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config.extend(
        DEFAULT_PROPERTIES
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned())),
    );
    config
}

/// A client that creates and deletes topics.
pub(crate) fn admin(bootstrap: &str) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
}
