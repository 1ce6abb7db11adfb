//! The broker's time against clients that live in real time.

use std::time::Duration;

use micro_kafka_broker::fault::ApiKey;
use rdkafka::consumer::Consumer;
use rdkafka::producer::Producer;

use crate::kafka::{DEADLINE, TOPIC, consumer, producer, send, start, start_with, until};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_session_times_out_when_the_clock_says_so() {
    let broker = start();
    let consumer = consumer(
        &broker,
        &[
            ("session.timeout.ms", "45000"),
            ("heartbeat.interval.ms", "40000"),
        ],
    );
    consumer.subscribe(&[TOPIC]).unwrap();
    let polling = tokio::spawn(async move {
        let _ = consumer.recv().await;
    });
    until("a stable group", || {
        broker
            .group("g")
            .is_some_and(|group| group.state == "Stable")
    })
    .await;
    polling.abort();
    broker.clock().advance(MINUTE);
    until("the member to be gone", || {
        broker
            .group("g")
            .is_none_or(|group| group.members.is_empty())
    })
    .await;
}

#[tokio::test]
async fn a_transaction_times_out_when_the_clock_says_so() {
    let broker = start();
    let settings = [
        ("transactional.id", "tx"),
        ("transaction.timeout.ms", "60000"),
    ];
    let producer = producer(&broker, &settings);
    let other = producer.clone();
    tokio::task::spawn_blocking(move || other.init_transactions(DEADLINE))
        .await
        .unwrap()
        .unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, "a").await.unwrap();
    assert_eq!(broker.transaction("tx").unwrap().state, "Ongoing");
    broker.clock().advance(MINUTE * 2);
    until("its abort", || {
        let aborted = broker.aborted_transactions(TOPIC, 0).unwrap();
        aborted.len() == 1 && broker.transaction("tx").unwrap().state == "CompleteAbort"
    })
    .await;
}

#[tokio::test]
async fn records_expire_when_the_clock_says_so() {
    let broker = start_with(|builder| builder.config("log.retention.ms", "600000"));
    let producer = producer(&broker, &[]);
    send(&producer, "a").await.unwrap();
    broker.clock().advance(MINUTE * 20);
    until("the record to be gone", || {
        broker.partition(TOPIC, 0).unwrap().start == 1
    })
    .await;
    assert_eq!(send(&producer, "b").await, Ok(1));
    assert!(broker.journal().count(ApiKey::Produce) >= 2);
}

#[tokio::test]
async fn offsets_expire_when_the_clock_says_so() {
    let broker = start_with(|builder| builder.config("offsets.retention.minutes", "10"));
    let consumer = consumer(&broker, &[]);
    let mut offsets = rdkafka::TopicPartitionList::new();
    offsets
        .add_partition_offset(TOPIC, 0, rdkafka::Offset::Offset(7))
        .unwrap();
    let committing = move || consumer.commit(&offsets, rdkafka::consumer::CommitMode::Sync);
    tokio::task::spawn_blocking(committing)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(broker.committed("g")[0].offset, 7);
    broker.clock().advance(MINUTE * 30);
    until("the offset to be gone", || broker.committed("g").is_empty()).await;
}
