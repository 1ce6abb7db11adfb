use rdkafka::producer::{FutureRecord, Producer};

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
