use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::{FutureRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::broker::{DEADLINE, RestartedBroker};

/// Sends one record and returns its offset.
async fn send(producer: &rdkafka::producer::FutureProducer, payload: &str) -> i64 {
    let record = FutureRecord::<(), _>::to("orders").payload(payload);
    producer.send(record, DEADLINE).await.unwrap().offset
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotent_producer_goes_on_after_any_end() {
    let mut broker = RestartedBroker::start(&["--topic=orders:1"]);
    let producer = broker.producer(&[("enable.idempotence", "true")]);
    assert_eq!(send(&producer, "a").await, 0);
    broker.stop();
    broker.restart();
    assert_eq!(send(&producer, "b").await, 1);
    broker.kill();
    broker.restart();
    assert_eq!(send(&producer, "c").await, 2);
    // Another producer gets an id that none had before.
    let other = broker.producer(&[("enable.idempotence", "true")]);
    assert_eq!(send(&other, "d").await, 3);
    let read = broker.read("orders").await;
    let payloads: Vec<&str> = read.iter().map(|(_, payload)| payload.as_str()).collect();
    assert_eq!(payloads, ["a", "b", "c", "d"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aborted_records_stay_hidden_and_committed_ones_seen() {
    let mut broker = RestartedBroker::start(&["--topic=orders:1"]);
    let producer = broker.producer(&[("transactional.id", "x")]);
    producer.init_transactions(DEADLINE).unwrap();
    for (payload, commit) in [("kept", true), ("dropped", false), ("kept too", true)] {
        producer.begin_transaction().unwrap();
        send(&producer, payload).await;
        match commit {
            true => producer.commit_transaction(DEADLINE).unwrap(),
            false => producer.abort_transaction(DEADLINE).unwrap(),
        }
    }
    for closed in [true, false] {
        match closed {
            true => broker.stop(),
            false => broker.kill(),
        };
        broker.restart();
        let read = broker.read("orders").await;
        let payloads: Vec<&str> = read.iter().map(|(_, payload)| payload.as_str()).collect();
        assert_eq!(payloads, ["kept", "kept too"], "closed: {closed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_goes_on_after_a_kill() {
    let mut broker = RestartedBroker::start(&["--topic=orders:1", "--flush=every"]);
    let producer = broker.producer(&[("transactional.id", "x")]);
    producer.init_transactions(DEADLINE).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, "before").await;
    broker.kill();
    broker.restart();
    assert!(broker.read("orders").await.is_empty(), "it is still open");
    send(&producer, "after").await;
    producer.commit_transaction(DEADLINE).unwrap();
    let read = broker.read("orders").await;
    let payloads: Vec<&str> = read.iter().map(|(_, payload)| payload.as_str()).collect();
    assert_eq!(payloads, ["before", "after"]);
    // Another producer with the same id takes over.
    broker.kill();
    broker.restart();
    let next = broker.producer(&[("transactional.id", "x")]);
    next.init_transactions(DEADLINE).unwrap();
    next.begin_transaction().unwrap();
    send(&next, "last").await;
    next.commit_transaction(DEADLINE).unwrap();
    assert_eq!(broker.read("orders").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn committed_offsets_survive() {
    let mut broker = RestartedBroker::start(&["--topic=orders:1"]);
    let at = |offset| {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset("orders", 0, offset).unwrap();
        list
    };
    let group = [("group.id", "billing"), ("enable.auto.commit", "false")];
    let consumer: StreamConsumer = broker.client_with(&group);
    let committed = consumer.commit(&at(Offset::Offset(7)), CommitMode::Sync);
    committed.unwrap();
    for closed in [false, true] {
        match closed {
            true => broker.stop(),
            false => broker.kill(),
        };
        broker.restart();
        let consumer: StreamConsumer = broker.client_with(&group);
        let found = consumer.committed_offsets(at(Offset::Invalid), DEADLINE);
        let found = found.unwrap().elements()[0].offset();
        assert_eq!(found, Offset::Offset(7), "closed: {closed}");
    }
}
