//! Transactional producers and readers of committed records.

use std::collections::HashSet;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::kafka::{DEADLINE, Kafka, next};

fn transactional(kafka: &Kafka, id: &str) -> FutureProducer {
    kafka.producer(&[("transactional.id", id), ("linger.ms", "0")])
}

/// Blocking calls of librdkafka, away from the runtime that the broker may share.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(call).await.unwrap()
}

async fn initialized(kafka: &Kafka, id: &str) -> FutureProducer {
    let producer = transactional(kafka, id);
    let other = producer.clone();
    blocking(move || other.init_transactions(DEADLINE))
        .await
        .unwrap();
    producer
}

async fn commit(producer: &FutureProducer) -> Result<(), KafkaError> {
    let producer = producer.clone();
    blocking(move || producer.commit_transaction(DEADLINE)).await
}

async fn abort(producer: &FutureProducer) {
    let producer = producer.clone();
    blocking(move || producer.abort_transaction(DEADLINE))
        .await
        .unwrap();
}

async fn send(producer: &FutureProducer, topic: &str, payload: &str) {
    let record = FutureRecord::<str, _>::to(topic).payload(payload);
    producer.send(record, DEADLINE).await.unwrap();
}

fn reader(kafka: &Kafka, topic: &str, isolation: &str) -> StreamConsumer {
    let settings = [
        ("isolation.level", isolation),
        ("enable.partition.eof", "true"),
    ];
    let consumer = kafka.consumer(&kafka.name("reader"), &settings);
    let mut all = TopicPartitionList::new();
    all.add_partition_offset(topic, 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&all).unwrap();
    consumer
}

/// Everything that such a reader sees now.
async fn seen(kafka: &Kafka, topic: &str, isolation: &str) -> Vec<String> {
    let consumer = reader(kafka, topic, isolation);
    let mut payloads = Vec::new();
    loop {
        let record = tokio::time::timeout(DEADLINE, consumer.recv()).await;
        match record.expect("a record or the end, before the deadline") {
            Ok(record) => payloads.push(text(record.payload())),
            Err(KafkaError::PartitionEOF(_)) => return payloads,
            Err(error) => panic!("{error}"),
        }
    }
}

fn text(payload: Option<&[u8]>) -> String {
    String::from_utf8(payload.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn readers_of_committed_records_see_exactly_those() {
    let kafka = Kafka::start();
    let topic = kafka.topic("exactly", 1).await;
    let plain = kafka.producer(&[]);
    let producer = initialized(&kafka, &kafka.name("x")).await;
    let mut committed = Vec::new();
    for round in 0..12 {
        send(&plain, &topic, &format!("plain-{round}")).await;
        committed.push(format!("plain-{round}"));
        producer.begin_transaction().unwrap();
        for nth in 0..20 {
            send(&producer, &topic, &format!("{round}/{nth}")).await;
        }
        if round % 3 == 1 {
            abort(&producer).await;
        } else {
            commit(&producer).await.unwrap();
            committed.extend((0..20).map(|nth| format!("{round}/{nth}")));
        }
    }
    // What comes after the beginning of an open transaction is hidden too.
    producer.begin_transaction().unwrap();
    send(&producer, &topic, "open").await;
    send(&plain, &topic, "behind").await;
    assert_eq!(seen(&kafka, &topic, "read_committed").await, committed);
    let all = seen(&kafka, &topic, "read_uncommitted").await;
    assert_eq!(all.len(), 12 + 12 * 20 + 2);
    commit(&producer).await.unwrap();
    committed.extend(["open".to_owned(), "behind".to_owned()]);
    let consumer = reader(&kafka, &topic, "read_committed");
    for expected in committed {
        let payload = loop {
            match tokio::time::timeout(DEADLINE, consumer.recv())
                .await
                .unwrap()
            {
                Ok(record) => break text(record.payload()),
                // Apache Kafka writes its markers after it has answered.
                Err(KafkaError::PartitionEOF(_)) => {}
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!(payload, expected);
    }
}

#[tokio::test]
async fn a_waiting_reader_gets_records_when_they_are_committed() {
    let kafka = Kafka::start();
    let topic = kafka.topic("waiting", 1).await;
    let producer = initialized(&kafka, &kafka.name("x")).await;
    let settings = [
        ("isolation.level", "read_committed"),
        ("fetch.wait.max.ms", "20000"),
    ];
    let consumer = kafka.consumer(&kafka.name("g"), &settings);
    let mut start = TopicPartitionList::new();
    start
        .add_partition_offset(&topic, 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&start).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, &topic, "a").await;
    let early = tokio::time::timeout(Duration::from_millis(300), consumer.recv()).await;
    assert!(early.is_err(), "an open transaction is hidden");
    commit(&producer).await.unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(text(next(&consumer).await.payload()), "a");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_zombie_is_fenced_and_its_records_are_not_seen() {
    let kafka = Kafka::start();
    let topic = kafka.topic("zombie", 1).await;
    let id = kafka.name("x");
    let zombie = initialized(&kafka, &id).await;
    zombie.begin_transaction().unwrap();
    send(&zombie, &topic, "zombie").await;
    let good = initialized(&kafka, &id).await;
    good.begin_transaction().unwrap();
    send(&good, &topic, "good").await;
    let error = commit(&zombie).await.unwrap_err();
    let KafkaError::Transaction(error) = error else {
        panic!("{error}")
    };
    assert!(error.is_fatal());
    assert!(
        matches!(
            error.code(),
            RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced
        ),
        "{error}"
    );
    commit(&good).await.unwrap();
    while seen(&kafka, &topic, "read_committed").await.is_empty() {}
    assert_eq!(seen(&kafka, &topic, "read_committed").await, ["good"]);
    assert_eq!(
        seen(&kafka, &topic, "read_uncommitted").await,
        ["zombie", "good"]
    );
}

fn committed_offset(kafka: &Kafka, group: &str, topic: &str) -> Offset {
    let config = kafka.config(&[("group.id", group)]);
    let consumer: BaseConsumer = config.create().unwrap();
    let mut asked = TopicPartitionList::new();
    asked.add_partition(topic, 0);
    // Waits as long as a transaction keeps the offset unstable.
    let committed = consumer.committed_offsets(asked, DEADLINE).unwrap();
    committed.elements()[0].offset()
}

#[tokio::test]
async fn records_and_offsets_are_committed_together_or_not_at_all() {
    let kafka = Kafka::start();
    let (from, to) = (kafka.topic("from", 1).await, kafka.topic("to", 1).await);
    let plain = kafka.producer(&[]);
    for nth in 0..40 {
        send(&plain, &from, &nth.to_string()).await;
    }
    let (group, id) = (kafka.name("g"), kafka.name("x"));
    let mut expected_end = 0;
    for round in 0..4 {
        // Every round is a new instance that goes on where the last commit was.
        let producer = initialized(&kafka, &id).await;
        let consumer = kafka.consumer(&group, &[("isolation.level", "read_committed")]);
        consumer.subscribe(&[&from]).unwrap();
        producer.begin_transaction().unwrap();
        for _ in 0..10 {
            let record = next(&consumer).await;
            send(&producer, &to, &text(record.payload())).await;
        }
        let offsets = consumer.position().unwrap();
        let member = consumer.group_metadata().unwrap();
        let other = producer.clone();
        blocking(move || other.send_offsets_to_transaction(&offsets, &member, DEADLINE))
            .await
            .unwrap();
        match round % 2 {
            0 => {
                commit(&producer).await.unwrap();
                expected_end += 10;
            }
            _ => abort(&producer).await,
        }
        assert_eq!(
            committed_offset(&kafka, &group, &from),
            Offset::Offset(expected_end)
        );
    }
    let copied = seen(&kafka, &to, "read_committed").await;
    let expected: Vec<_> = (0..20).map(|nth| nth.to_string()).collect();
    assert_eq!(copied, expected);
    let attempts = seen(&kafka, &to, "read_uncommitted").await;
    assert_eq!(attempts.len(), 40);
}

#[tokio::test]
async fn one_transaction_spans_topics_and_partitions() {
    let kafka = Kafka::start();
    let topics = [kafka.topic("a", 3).await, kafka.topic("b", 3).await];
    let producer = initialized(&kafka, &kafka.name("x")).await;
    for (round, committed) in [(0, true), (1, false), (2, true)] {
        producer.begin_transaction().unwrap();
        for topic in &topics {
            for partition in 0..3 {
                let payload = format!("{topic}/{partition}/{round}");
                let record = FutureRecord::<str, _>::to(topic)
                    .payload(&payload)
                    .partition(partition);
                producer.send(record, DEADLINE).await.unwrap();
            }
        }
        match committed {
            true => commit(&producer).await.unwrap(),
            false => abort(&producer).await,
        }
    }
    let consumer = kafka.consumer(&kafka.name("g"), &[("isolation.level", "read_committed")]);
    consumer
        .subscribe(&[topics[0].as_str(), topics[1].as_str()])
        .unwrap();
    let mut payloads = HashSet::new();
    for _ in 0..12 {
        assert!(payloads.insert(text(next(&consumer).await.payload())));
    }
    assert!(!payloads.iter().any(|payload| payload.ends_with("/1")));
}
