//! The brokers that the sides are measured on.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use tokio::runtime::Runtime;
use xtask::kafka::Kafka;

use crate::error::BenchError;
use crate::side::admin;

const PATIENCE: Duration = Duration::from_secs(30);

/// A running broker, and a client that creates and deletes its topics.
pub(crate) struct Broker {
    name: String,
    bootstrap: String,
    kind: Kind,
    admin: AdminClient<DefaultClientContext>,
    runtime: Runtime,
}

enum Kind {
    Apache(Kafka),
    Elsewhere,
}

impl Broker {
    /// Starts Apache Kafka in an empty folder; it stops when the value is dropped.
    ///
    /// A new group waits `gathering` for further members before it hands out partitions.
    pub(crate) fn apache(gathering: Duration) -> Result<Self, BenchError> {
        let delay = gathering.as_millis().to_string();
        let kafka = Kafka::fresh("bench")?.property("group.initial.rebalance.delay.ms", delay);
        let bootstrap = kafka.start()?;
        Self::new("apache", bootstrap, Kind::Apache(kafka))
    }

    /// A broker that somebody else runs.
    pub(crate) fn elsewhere(bootstrap: &str) -> Result<Self, BenchError> {
        Self::new(bootstrap, bootstrap.to_owned(), Kind::Elsewhere)
    }

    fn new(name: &str, bootstrap: String, kind: Kind) -> Result<Self, BenchError> {
        let runtime = Runtime::new().map_err(BenchError::Output)?;
        let admin = admin(&bootstrap)?;
        Ok(Self {
            name: name.to_owned(),
            bootstrap,
            kind,
            admin,
            runtime,
        })
    }

    /// What the report calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    pub(crate) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Creates a topic.
    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), BenchError> {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let created = self
            .runtime
            .block_on(self.admin.create_topics([&new], &options()))?;
        answered(created)
    }

    /// Deletes a topic and its records.
    pub(crate) fn delete_topic(&self, topic: &str) -> Result<(), BenchError> {
        answered(
            self.runtime
                .block_on(self.admin.delete_topics(&[topic], &options()))?,
        )
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Kind::Apache(kafka) = &self.kind
            && let Err(error) = kafka.stop()
        {
            eprintln!("bench: Apache Kafka is left running: {error}");
        }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE))
}

fn answered(answers: Vec<rdkafka::admin::TopicResult>) -> Result<(), BenchError> {
    answers
        .into_iter()
        .try_for_each(|answer| answer.map(drop))
        .map_err(|(topic, code)| BenchError::Topic { topic, code })
}
