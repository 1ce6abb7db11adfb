//! Faults of the broker itself.

use std::time::{Duration, Instant};

use micro_kafka_broker::fault::{ApiKey, ErrorCode};
use micro_kafka_broker::{Broker, Restart};
use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer};

use crate::kafka::{
    DEADLINE, TOPIC, consumer, next, producer, send, start, start_with, stored, until,
};

/// A client that connects and goes.
async fn connects(broker: &Broker) -> bool {
    let address = broker.bootstrap_servers();
    tokio::net::TcpStream::connect(address).await.is_ok()
}

#[tokio::test]
async fn refused_connections_are_made_later_on_the_same_port() {
    let broker = start();
    let producer = producer(&broker, &[]);
    send(&producer, "a").await.unwrap();
    broker.faults().refuse_connections();
    while connects(&broker).await {
        tokio::task::yield_now().await;
    }
    send(&producer, "b")
        .await
        .expect("connections that there were stay");
    let late = crate::kafka::producer(&broker, &[]);
    let sending = tokio::spawn(async move { send(&late, "c").await });
    broker.faults().accept_connections();
    sending.await.unwrap().unwrap();
    assert_eq!(stored(&broker), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_slow_disk_slows_writers() {
    let broker = start();
    let producer = producer(&broker, &[]);
    send(&producer, "a").await.unwrap();
    let delay = Duration::from_millis(300);
    broker.faults().slow_disk(delay);
    let begun = Instant::now();
    send(&producer, "b").await.unwrap();
    assert!(begun.elapsed() >= delay);
    broker.faults().slow_disk(Duration::ZERO);
    let count = broker.journal().count(ApiKey::Produce);
    send(&producer, "c").await.unwrap();
    let noted = broker.journal().matching(ApiKey::Produce);
    let latency = noted[count].answer.as_ref().unwrap().latency;
    assert!(latency < delay, "{latency:?}");
}

#[tokio::test]
async fn a_full_disk_stores_nothing_until_there_is_room() {
    let broker = start();
    broker.faults().fill_disk();
    let producer = producer(&broker, &[("enable.idempotence", "true")]);
    let sending = tokio::spawn(async move { send(&producer, "a").await });
    until("a refusal", || {
        let produced = broker.journal().matching(ApiKey::Produce);
        let failures = produced
            .iter()
            .filter_map(|exchange| exchange.answer.as_ref());
        let mut failures = failures.flat_map(|answer| &answer.failures);
        failures.any(|failure| failure.error == ErrorCode::KAFKA_STORAGE_ERROR)
    })
    .await;
    assert!(stored(&broker).is_empty());
    broker.faults().free_disk();
    sending.await.unwrap().unwrap();
    assert_eq!(stored(&broker), ["a"]);
}

/// Sends, reads and commits, crashes, and looks what is left; with its data both go on.
async fn crash_and_restart(broker: Broker, with: Restart) {
    let producer = producer(&broker, &[("enable.idempotence", "true")]);
    send(&producer, "a").await.unwrap();
    send(&producer, "b").await.unwrap();
    let consumer = consumer(&broker, &[]);
    consumer.subscribe(&[TOPIC]).unwrap();
    let first = next(&consumer).await.unwrap();
    assert_eq!(first.payload(), Some(&b"a"[..]));
    consumer.commit_consumer_state(CommitMode::Sync).unwrap();
    let (address, committed) = (broker.bootstrap_servers(), broker.committed("g"));
    assert_eq!(committed[0].offset, 1);
    crash(&broker, with).await;
    match with {
        Restart::WithData => {
            assert_eq!(stored(&broker), ["a", "b"]);
            let loaded = || broker.committed("g") == committed;
            until("the groups to be loaded", loaded).await;
            send(&producer, "c").await.unwrap();
            assert_eq!(stored(&broker), ["a", "b", "c"]);
        }
        Restart::Empty => {
            assert!(stored(&broker).is_empty());
            assert!(broker.committed("g").is_empty());
        }
    }
    broker.stop().await;
    let again = tokio::net::TcpListener::bind(&address).await;
    assert!(again.is_ok(), "the port is free");
}

/// Nobody listens after a crash; after the restart the broker does, where it did.
async fn crash(broker: &Broker, with: Restart) {
    let address = broker.bootstrap_servers();
    broker.crash().await;
    assert!(!broker.is_running());
    assert!(!connects(broker).await, "nobody listens");
    broker.restart(with).await.unwrap();
    assert_eq!(broker.bootstrap_servers(), address);
    assert!(connects(broker).await);
}

#[tokio::test]
async fn a_broker_in_memory_comes_back_with_its_data() {
    crash_and_restart(start(), Restart::WithData).await;
}

#[tokio::test]
async fn a_broker_in_memory_comes_back_without_its_data() {
    crash_and_restart(start(), Restart::Empty).await;
}

/// A directory that goes with the test.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let unique = format!("mk-faults-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(unique))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_broker_on_disk_comes_back_with_its_data() {
    let directory = Directory::new("with");
    let broker = start_with(|builder| builder.data_dir(&directory.0));
    crash_and_restart(broker, Restart::WithData).await;
}

#[tokio::test]
async fn a_broker_on_disk_comes_back_without_its_data() {
    let directory = Directory::new("without");
    let broker = start_with(|builder| builder.data_dir(&directory.0));
    crash_and_restart(broker, Restart::Empty).await;
}

#[tokio::test]
async fn a_crash_cuts_off_what_is_in_progress() {
    let broker = start();
    let held = broker.faults().on(ApiKey::Produce).hold();
    let producer = producer(&broker, &[("enable.idempotence", "true")]);
    let sending = tokio::spawn(async move { send(&producer, "a").await });
    held.wait_for_hits(1, DEADLINE).await.unwrap();
    broker.crash().await;
    held.remove();
    assert!(
        broker.group("g").is_none(),
        "a broker that is down holds nothing"
    );
    broker.restart(Restart::WithData).await.unwrap();
    sending.await.unwrap().unwrap();
    assert_eq!(stored(&broker), ["a"]);
}
