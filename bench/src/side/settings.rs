//! The properties of both sides, so that a ratio shows the framework and not one setting.

use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;

use super::Task;

/// What the framework sets on its consumers.
const CONSUMER: &[(&str, &str)] = &[
    ("auto.offset.reset", "earliest"),
    ("enable.auto.commit", "false"),
    ("fetch.queue.backoff.ms", "10"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("reconnect.backoff.ms", "20"),
];
/// What the framework sets on its producers.
const PRODUCER: &[(&str, &str)] = &[
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("partitioner", "murmur2_random"),
    ("reconnect.backoff.ms", "20"),
];

impl Task {
    /// A consumer with the framework's properties.
    pub(super) fn consumer(&self) -> ClientConfig {
        let mut config = self.default_consumer();
        config.extend(
            CONSUMER
                .iter()
                .map(|&(key, value)| (key.to_owned(), value.to_owned())),
        );
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
        PRODUCER
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
