//! Brokers that pass for older releases.

use std::time::{Duration, Instant};

use micro_kafka_broker::{Broker, Release};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kafka::DEADLINE;

const RELEASES: [&str; 9] = [
    "0.11", "1.0", "1.1", "2.0", "2.3", "2.4", "3.0", "3.9", "4.3",
];

fn start(release: &str) -> Broker {
    let release: Release = release.parse().unwrap();
    let builder = Broker::builder().topic("orders", 1).emulate(release);
    builder.start_on_threads(1).unwrap()
}

fn client(broker: &Broker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", "readers")
        .set("auto.offset.reset", "earliest");
    config
}

fn send(producer: &ThreadedProducer<rdkafka::producer::DefaultProducerContext>, payload: &str) {
    let record = BaseRecord::<(), _>::to("orders").payload(payload);
    producer.send(record).unwrap();
}

/// The next record's payload; a poll may also end with an event that is none.
fn next(consumer: &BaseConsumer) -> String {
    let begun = Instant::now();
    while begun.elapsed() < DEADLINE {
        if let Some(record) = consumer.poll(Duration::from_millis(100)) {
            let payload = record.unwrap().payload().unwrap().to_vec();
            return String::from_utf8(payload).unwrap();
        }
    }
    panic!("no record within {DEADLINE:?}");
}

/// What a transactional producer committed and aborted, as a reader of committed records sees it.
fn transactions(broker: &Broker) -> Vec<String> {
    let mut config = client(broker);
    config.set("transactional.id", "sender");
    let producer: ThreadedProducer<_> = config.create().unwrap();
    producer.init_transactions(DEADLINE).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, "aborted");
    producer.flush(DEADLINE).unwrap();
    producer.abort_transaction(DEADLINE).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, "committed");
    producer.commit_transaction(DEADLINE).unwrap();
    let mut config = client(broker);
    config.set("isolation.level", "read_committed");
    let consumer: BaseConsumer = config.create().unwrap();
    consumer.subscribe(&["orders"]).unwrap();
    let mut found = Vec::new();
    while found.last().is_none_or(|last| last != "committed") {
        found.push(next(&consumer));
    }
    found
}

#[test]
fn clients_produce_consume_and_commit_on_every_release() {
    std::thread::scope(|scope| {
        for release in RELEASES {
            scope.spawn(move || produce_consume_and_commit(release));
        }
    });
}

fn produce_consume_and_commit(release: &str) {
    let broker = start(release);
    let producer: ThreadedProducer<_> = client(&broker).create().unwrap();
    send(&producer, "plain");
    producer.flush(DEADLINE).unwrap();
    let consumer: BaseConsumer = client(&broker).create().unwrap();
    let mut all = TopicPartitionList::new();
    all.add_partition_offset("orders", 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&all).unwrap();
    assert_eq!(next(&consumer), "plain", "{release}");
    assert_eq!(transactions(&broker), ["plain", "committed"], "{release}");
}

/// Sends a request's header; the answer, or `None` where the connection is closed.
async fn ask(broker: &Broker, key: u8, version: u8) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(broker.bootstrap_servers())
        .await
        .unwrap();
    let header = [0, 0, 0, 11, 0, key, 0, version, 0, 0, 0, 7, 0, 1, b'x'];
    stream.write_all(&header).await.unwrap();
    tokio::time::timeout(DEADLINE, async {
        let length = stream.read_i32().await.ok()?;
        let mut answer = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut answer).await.ok()?;
        Some(answer)
    })
    .await
    .unwrap()
}

/// The APIs told in an answer of version 0: key and newest version.
fn told(answer: &[u8]) -> Vec<(i16, i16)> {
    let number = |at: &[u8]| i16::from_be_bytes([at[0], at[1]]);
    let apis = answer[10..].chunks(6);
    apis.map(|api| (number(api), number(&api[4..]))).collect()
}

#[tokio::test]
async fn newer_requests_are_refused_as_the_release_did() {
    let broker = start("2.4");
    let apis = told(&ask(&broker, 18, 0).await.unwrap());
    assert!(apis.contains(&(0, 8)) && apis.contains(&(1, 11)) && apis.contains(&(18, 3)));
    // DescribeCluster came with 2.8.
    assert!(apis.iter().all(|(key, _)| *key != 60));
    assert!(ask(&broker, 60, 0).await.is_none());
    // Metadata 9 was the newest.
    assert!(ask(&broker, 3, 10).await.is_none());
    let refusal = ask(&broker, 18, 4).await.unwrap();
    assert_eq!(refusal[4..6], [0, 35]);
    assert!(told(&refusal).contains(&(18, 3)));
    // Before KIP-511 a refusal told nothing.
    let older = start("2.3");
    let refusal = ask(&older, 18, 3).await.unwrap();
    assert_eq!(refusal, [0, 0, 0, 7, 0, 35, 0, 0, 0, 0]);
}
