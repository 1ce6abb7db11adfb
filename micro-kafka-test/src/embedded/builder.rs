//! What a test's Kafka starts with.

use std::sync::Arc;

use micro_kafka::admin::AdminError;
use micro_kafka::clock::Clock;
use micro_kafka::config::Config;
use micro_kafka::template::{KafkaTemplate, TemplateConfig};
use parking_lot::Mutex;

use super::{EmbeddedKafka, Inner};
use crate::target::{Target, Wanted};

/// A Kafka that cannot be started for a test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The embedded broker did not start.
    #[error("the embedded broker did not start")]
    Broker(#[source] micro_kafka_broker::StartError),
    /// The kit's own clients could not be made.
    #[error("{0}")]
    Client(String),
    /// Something that only the embedded broker can do was asked of another Kafka.
    #[error(
        "{what} needs the embedded broker, but MICRO_KAFKA_TEST names {bootstrap}: a test that \
         shall not run there says why, by `#[kafka_test(embedded = \"…\")]`"
    )]
    NeedsEmbedded {
        /// What was asked.
        what: String,
        /// The other Kafka.
        bootstrap: String,
    },
    /// The topics could not be created.
    #[error("the topics could not be created")]
    Topics(#[source] AdminError),
}

/// What a test's Kafka starts with; see [`EmbeddedKafka::builder`].
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `start`"]
pub struct EmbeddedKafkaBuilder {
    wanted: Wanted,
    config: String,
    paused: bool,
}

impl EmbeddedKafkaBuilder {
    /// A topic with so many partitions.
    pub fn topic(mut self, name: impl Into<String>, partitions: u32) -> Self {
        self.wanted.topics.push((name.into(), partitions));
        self
    }

    /// Whether the embedded broker creates topics that clients ask for; default no.
    pub fn auto_create(mut self, create: bool) -> Self {
        self.wanted.auto_create = create;
        self
    }

    /// So many embedded brokers, with the ids from 0 on; default 1. Each can be ended and started
    /// ([`EmbeddedKafka::node`]). Topics have three replicas then, or as many as there are brokers;
    /// the broker's property `default.replication.factor` says otherwise.
    pub fn brokers(mut self, count: u32) -> Self {
        self.wanted.brokers = count;
        self
    }

    /// A property of the embedded broker, with Kafka's name: `log.retention.ms`.
    pub fn broker_property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.wanted.properties.push((name.into(), value.into()));
        self
    }

    /// Takes a broker that all shared ones of this process are, in a namespace of its own; it ends
    /// with the process. Properties and `auto_create` are left as they are.
    pub fn shared(mut self) -> Self {
        self.wanted.shared = true;
        self
    }

    /// Settings of this test's applications, in TOML.
    pub fn config(mut self, toml: impl Into<String>) -> Self {
        self.config = toml.into();
        self
    }

    /// Lets the applications' time stand still: it moves by [`EmbeddedKafka::advance`] only.
    pub fn paused_clock(mut self) -> Self {
        self.paused = true;
        self
    }

    /// Starts the broker and creates the topics.
    ///
    /// # Errors
    /// If the broker does not start, or a topic cannot be created.
    pub async fn start(self) -> Result<EmbeddedKafka, StartError> {
        let (target, has_topics) = Target::start(&self.wanted)?;
        let settings = settings(&target)?;
        let template = KafkaTemplate::at_first_use(TemplateConfig::from(&settings))
            .map_err(|error| StartError::Client(error.to_string()))?;
        let inner = Inner {
            clock: match self.paused {
                true => Clock::manual(),
                false => Clock::adjustable(),
            },
            paused: self.paused,
            apps: Mutex::default(),
            readers: Mutex::default(),
            template,
            target,
            config: self.config,
        };
        let kafka = EmbeddedKafka {
            inner: Arc::new(inner),
        };
        if !has_topics {
            kafka.create(&self.wanted.topics).await?;
        }
        Ok(kafka)
    }
}

fn settings(target: &Target) -> Result<Config, StartError> {
    let mut builder = Config::builder()
        .set("kafka.bootstrap-servers", target.bootstrap_servers())
        .set("kafka.producer.linger", "0ms");
    if let Some(namespace) = target.namespace() {
        builder = builder.set("kafka.namespace", namespace);
    }
    builder
        .build()
        .map_err(|errors| StartError::Client(errors.to_string()))
}
