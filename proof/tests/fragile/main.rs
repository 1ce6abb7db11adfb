//! Processes that die of a record, and processes that are killed: the one record is quarantined, and
//! no other.
//!
//! `MICRO_KAFKA_PROOF_KILLS` says how often processes are killed at random.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "../processes/folder.rs"]
mod folder;
#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "../processes/kafka.rs"]
mod kafka;
mod service;
mod standstill;

use std::collections::BTreeSet;
use std::time::Duration;

use micro_kafka::codec::Json;
use micro_kafka::template::KafkaTemplate;
use rand::RngExt as _;
use tokio::time::sleep;

use service::Service;
use standstill::Standstill;

const TOPICS: [&str; 4] = ["crowd", "herd", "ledger", "ledger-entries"];
/// Listeners are named as their topics and groups.
const LISTENERS: [&str; 3] = ["crowd", "herd", "ledger"];
const PARTITIONS: u32 = 3;

/// Sends so many healthy records, and before one of them another one of this kind.
async fn send(kafka: &KafkaTemplate, topic: &str, healthy: u64, poison: Option<(&str, u64)>) {
    let mut deliveries = Vec::new();
    for number in 0..healthy {
        if let Some((kind, at)) = poison
            && number == at
        {
            let send = kafka.send(topic, Json(&0_u64)).key(kind);
            deliveries.push(send.queue().await.unwrap());
        }
        let kind = if poison.is_some() { "slow" } else { "quick" };
        let key = format!("{kind}-{}", number % 50);
        let send = kafka.send(topic, Json(&number)).key(&key);
        deliveries.push(send.queue().await.unwrap());
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
}

/// Runs processes until all is committed, of which one record kills some before they have committed
/// anything.
async fn survives(topic: &str, kind: &str, healthy: u64, at: u64) {
    let kafka = kafka::Kafka::start(&TOPICS, PARTITIONS).await;
    send(&kafka.template, topic, healthy, Some((kind, at))).await;
    let mut service = Service::new(&kafka);
    let deaths = service.lives_until_committed(topic).await;
    let handled = service.end().await;
    let all: BTreeSet<u64> = (0..healthy).collect();
    assert_eq!(handled, all, "all healthy records are handled");
    assert!(deaths <= 3, "{deaths} deaths");
    let letters = service::dead_letters(&kafka.template, topic).await;
    let [letter] = &letters[..] else {
        panic!("{} dead letters", letters.len());
    };
    assert_eq!(letter.key(), Some(kind.as_bytes()));
    let header = |name: &str| {
        let value = letter.headers().get(name).and_then(|header| header.value);
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    };
    assert_eq!(header("mk-error"), "CrashedConsumer");
    assert_eq!(header("mk-crash-deaths"), "3");
    assert!(header("kafka_dlt-exception-message").starts_with("crashed consumer: 3"));
    assert!(!header("mk-crash-process").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_aborts_among_a_thousand_at_work_is_quarantined() {
    survives("crowd", "abort", 1_000, 500).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_a_batch_that_overflows_the_stack_is_quarantined() {
    survives("herd", "overflow", 200, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_a_transaction_that_uses_up_the_memory_is_quarantined() {
    survives("ledger", "memory", 100, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_killed_blame_no_record() {
    let kills = std::env::var("MICRO_KAFKA_PROOF_KILLS");
    let kills = kills.map_or(6, |kills| kills.parse().unwrap());
    let kafka = kafka::Kafka::start(&TOPICS, PARTITIONS).await;
    let each = 200 * kills;
    for topic in LISTENERS {
        send(&kafka.template, topic, each, None).await;
    }
    let mut service = Service::new(&kafka);
    let mut standstill = Standstill::default();
    for _ in 0..kills {
        // The moment is to be any.
        sleep(Duration::from_millis(
            rand::rng().random_range(1_200..2_500),
        ))
        .await;
        standstill.ends(&kafka.template, &LISTENERS).await;
        service.kill().await;
    }
    eprintln!("{kills} kills, {} of them held back", standstill.waits);
    for topic in LISTENERS {
        service.lives_until_committed(topic).await;
    }
    service.end().await;
    for topic in LISTENERS {
        let letters = service::dead_letters(&kafka.template, topic).await;
        assert_eq!(letters.len(), 0, "{topic}");
    }
}
