//! The broker under test and its clients.

use std::time::Duration;

use micro_kafka_broker::Broker;
use rand::RngExt;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::StreamConsumer;
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::FutureProducer;

/// Nothing in these tests takes this long unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A Kafka to test; ours stops when this is dropped.
pub(crate) struct Kafka {
    _broker: Option<Broker>,
    pub(crate) address: String,
    prefix: String,
}

impl Kafka {
    pub(crate) fn start() -> Self {
        let (broker, address) = match std::env::var("MICRO_KAFKA_TEST") {
            Ok(address) => (None, address),
            Err(_) => {
                let builder = Broker::builder()
                    .auto_create(true)
                    .default_partitions(1)
                    .config("group.min.session.timeout.ms", "1000");
                let broker = builder.start_on_threads(1).unwrap();
                let address = broker.bootstrap_servers();
                (Some(broker), address)
            }
        };
        Self {
            _broker: broker,
            address,
            prefix: format!("t{:08x}", rand::rng().random::<u32>()),
        }
    }

    /// A name that no other test has used.
    pub(crate) fn name(&self, s: &str) -> String {
        format!("{}-{s}", self.prefix)
    }

    pub(crate) fn config(&self, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config
    }

    pub(crate) fn producer(&self, settings: &[(&str, &str)]) -> FutureProducer {
        self.config(settings).create().unwrap()
    }

    /// A consumer of `group` that reads from the beginning and does not commit by itself.
    pub(crate) fn consumer(&self, group: &str, settings: &[(&str, &str)]) -> StreamConsumer {
        let mut config = self.config(&[
            ("group.id", group),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
        ]);
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config.create().unwrap()
    }

    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config(&[]).create().unwrap()
    }

    /// Creates a topic and returns its name.
    pub(crate) async fn topic(&self, s: &str, partitions: i32) -> String {
        let name = self.name(s);
        let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
        let results = self
            .admin()
            .create_topics([&topic], &options)
            .await
            .unwrap();
        assert_eq!(results, [Ok(name.clone())]);
        name
    }
}

/// The next record, or a failure after the deadline.
pub(crate) async fn next(consumer: &StreamConsumer) -> BorrowedMessage<'_> {
    let record = tokio::time::timeout(DEADLINE, consumer.recv()).await;
    record
        .expect("a record before the deadline")
        .expect("a record, no error")
}
