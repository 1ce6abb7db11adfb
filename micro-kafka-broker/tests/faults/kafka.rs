//! The broker under test and its clients.

use std::time::Duration;

use micro_kafka_broker::{Broker, BrokerBuilder};
use rdkafka::ClientConfig;
use rdkafka::consumer::StreamConsumer;
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use rdkafka::producer::{FutureProducer, FutureRecord};

/// Nothing in these tests takes this long unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// The topic of all tests.
pub(crate) const TOPIC: &str = "orders";

/// A broker on a thread of its own with the topic `orders`, and a journal.
pub(crate) fn start() -> Broker {
    start_with(|builder| builder)
}

pub(crate) fn start_with(change: impl FnOnce(BrokerBuilder) -> BrokerBuilder) -> Broker {
    let builder = Broker::builder()
        .topic(TOPIC, 2)
        .config("group.initial.rebalance.delay.ms", "0")
        .config("group.min.session.timeout.ms", "1000")
        .journal(100_000);
    change(builder).start_on_threads(1).unwrap()
}

pub(crate) fn config(broker: &Broker, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.bootstrap_servers());
    config.set("reconnect.backoff.ms", "10");
    config.set("reconnect.backoff.max.ms", "50");
    config.set("retry.backoff.ms", "10");
    config.set("retry.backoff.max.ms", "50");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config
}

pub(crate) fn producer(broker: &Broker, settings: &[(&str, &str)]) -> FutureProducer {
    let mut config = config(broker, settings);
    config.set("linger.ms", "0");
    config.create().unwrap()
}

pub(crate) fn consumer(broker: &Broker, settings: &[(&str, &str)]) -> StreamConsumer {
    let mut config = config(
        broker,
        &[
            ("group.id", "g"),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
            ("check.crcs", "true"),
            ("fetch.error.backoff.ms", "10"),
        ],
    );
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create().unwrap()
}

/// Sends a record to partition 0.
pub(crate) async fn send(producer: &FutureProducer, payload: &str) -> Result<i64, KafkaError> {
    let record = FutureRecord::<str, _>::to(TOPIC).payload(payload);
    let sent = producer.send(record.partition(0), DEADLINE).await;
    sent.map(|delivery| delivery.offset)
        .map_err(|(error, _)| error)
}

/// What partition 0 holds, as texts.
pub(crate) fn stored(broker: &Broker) -> Vec<String> {
    let records = broker.records(TOPIC, 0).unwrap().into_iter();
    let values = records.filter(|record| record.marker.is_none());
    let values = values.map(|record| record.value.unwrap());
    values
        .map(|value| String::from_utf8(value.to_vec()).unwrap())
        .collect()
}

/// The next record, or the error that comes instead.
pub(crate) async fn next(consumer: &StreamConsumer) -> Result<OwnedMessage, KafkaError> {
    let record = tokio::time::timeout(DEADLINE, consumer.recv()).await;
    record
        .expect("a record before the deadline")
        .map(|record| record.detach())
}

/// Waits until something is so that nothing announces.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(DEADLINE, waiting).await;
    assert!(waited.is_ok(), "{what} within {DEADLINE:?}");
}
