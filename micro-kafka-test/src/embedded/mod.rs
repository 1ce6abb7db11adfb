//! A Kafka for one test.

mod builder;
mod clock;
mod group;
mod reading;

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use micro_kafka::admin::{KafkaAdmin, NewTopic};
use micro_kafka::app::RunningApp;
use micro_kafka::clock::Clock;
use micro_kafka::codec::ToPayload;
use micro_kafka::template::KafkaTemplate;
use parking_lot::Mutex;

pub use builder::{EmbeddedKafkaBuilder, StartError};

use crate::app::TestAppBuilder;
use crate::deadline::fail;
use crate::reader::TopicReader;
use crate::send::TestSend;
use crate::show;
use crate::target::Target;

/// How often the kit looks again at what nothing announces.
pub(crate) const POLL: Duration = Duration::from_millis(2);
/// How long a topic that was created may be unknown.
const KNOWN: Duration = Duration::from_secs(5);

/// A Kafka for one test: an embedded broker on a port of its own, or, if `MICRO_KAFKA_TEST` names
/// one, a part of another Kafka that is this test's alone.
///
/// Cheap to clone; the broker ends with the last clone.
#[derive(Debug, Clone)]
pub struct EmbeddedKafka {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) clock: Clock,
    paused: bool,
    pub(crate) apps: Mutex<Vec<Weak<RunningApp>>>,
    readers: Mutex<HashMap<String, Arc<TopicReader>>>,
    template: KafkaTemplate,
    pub(crate) target: Target,
    pub(crate) config: String,
}

impl EmbeddedKafka {
    /// Chooses topics before starting.
    pub fn builder() -> EmbeddedKafkaBuilder {
        EmbeddedKafkaBuilder::default()
    }

    /// Starts without topics.
    ///
    /// # Errors
    /// If the broker does not start.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Where clients connect to.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        self.inner.target.bootstrap_servers()
    }

    /// The name by which the broker knows a topic or group of this test.
    #[must_use]
    pub fn wire_name(&self, name: &str) -> String {
        match self.inner.target.namespace() {
            Some(namespace) => format!("{namespace}.{name}"),
            None => name.to_owned(),
        }
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.inner.target.namespace()
    }

    /// A template that sends to this Kafka.
    #[must_use]
    pub fn template(&self) -> &KafkaTemplate {
        &self.inner.template
    }

    /// Administration of this Kafka.
    #[must_use]
    pub fn admin(&self) -> KafkaAdmin {
        self.inner.template.admin()
    }

    /// The clock of this test's applications: it runs as the system's does, or stands still if it is
    /// paused, and jumps by [`EmbeddedKafka::advance`].
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// An application on this Kafka; only the listeners that are named run.
    #[track_caller]
    pub fn app(&self) -> TestAppBuilder {
        TestAppBuilder::new(self.clone(), Location::caller())
    }

    /// Creates a topic.
    ///
    /// # Panics
    /// If it cannot be created.
    #[track_caller]
    pub fn create_topic(&self, name: &str, partitions: u32) -> impl Future<Output = ()> + '_ {
        let (place, topics) = (Location::caller(), [(name.to_owned(), partitions)]);
        async move {
            if let Err(error) = self.create(&topics).await {
                fail(place, &show::chain(&error));
            }
        }
    }

    async fn create(&self, topics: &[(String, u32)]) -> Result<(), StartError> {
        if topics.is_empty() {
            return Ok(());
        }
        let new: Vec<_> = topics
            .iter()
            .map(|(name, count)| NewTopic::new(name).partitions(*count))
            .collect();
        let admin = self.admin();
        admin
            .create_topics(&new)
            .await
            .map_err(StartError::Topics)?;
        let names: Vec<&str> = topics.iter().map(|(name, _)| name.as_str()).collect();
        let asked = std::time::Instant::now();
        // Whoever asks for a topic next shall find it.
        while asked.elapsed() < KNOWN {
            let known = admin.partition_counts(&names).await;
            let known = known.map_err(StartError::Topics)?;
            if known.values().all(Option::is_some) {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        if !self.inner.target.is_embedded() {
            self.until_led(&names).await;
        }
        Ok(())
    }

    /// Waits until the partitions take records. Apache Kafka tells a partition's leader a moment before
    /// it leads: a first batch would be refused, the one behind it taken, and the first one then be
    /// out of order.
    async fn until_led(&self, topics: &[&str]) {
        let (admin, asked) = (self.admin(), std::time::Instant::now());
        for topic in topics {
            while asked.elapsed() < KNOWN && admin.end_offsets(topic).await.is_err() {
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// Sends a record; awaiting it waits for the broker's acknowledgement.
    ///
    /// # Panics
    /// When awaited, if the broker does not take the record.
    #[track_caller]
    pub fn send(&self, topic: &str, payload: impl ToPayload) -> TestSend {
        TestSend::new(self.inner.template.send(topic, payload), Location::caller())
    }
}
