//! Listeners that handle each key once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod keys;
mod mistakes;
mod retries;
mod topic;

use std::sync::Arc;

use micro_kafka::listener::ContainerEvent;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use tokio::sync::Semaphore;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = header("event-id"))]
async fn charge(order: &str, State(charged): State<Journal<String>>) {
    charged.note(order.to_owned());
}

#[kafka_test(topics = ["orders"])]
async fn a_duplicate_is_acknowledged_counted_and_told(kafka: EmbeddedKafka) {
    let charged = Journal::<String>::new();
    let app = kafka.app().listener(charge).state(charged.clone());
    let app = app.start().await;
    let mut events = app.containers()[0].events();
    for (order, id) in [("a", "1"), ("b", "2"), ("a again", "1"), ("c", "3")] {
        kafka.send("orders", order).header("event-id", id).await;
    }
    app.listener("charge").settled().await.assert_attempts(4);
    assert_eq!(charged.entries(), ["a", "b", "c"]);
    let stats = app.containers()[0].stats();
    assert_eq!(stats.duplicates, 1);
    let skipped = loop {
        if let ContainerEvent::DuplicateSkipped { record } = &*events.next().await.unwrap() {
            break record.offset;
        }
    };
    assert_eq!(skipped, 2);
    app.stop().await;
    kafka
        .group("billing")
        .assert_committed("orders", [(0, 4)])
        .await;
}

#[kafka_test(topics = ["orders"], clock = "paused")]
async fn a_key_is_forgotten_after_its_window(kafka: EmbeddedKafka) {
    let charged = Journal::<String>::new();
    let app = kafka.app().listener(charge).state(charged.clone());
    let app = app
        .set("kafka.listeners.charge.idempotency-window", "1h")
        .start()
        .await;
    kafka.send("orders", "first").header("event-id", "1").await;
    app.listener("charge").settled().await.assert_handled(1);
    kafka.advance("59m").await;
    kafka.send("orders", "early").header("event-id", "1").await;
    app.listener("charge").settled().await.assert_handled(2);
    kafka.advance("1m").await;
    kafka.send("orders", "late").header("event-id", "1").await;
    app.listener("charge").settled().await.assert_handled(3);
    assert_eq!(charged.entries(), ["first", "late"]);
}

/// What is at work, and when it may go on.
#[derive(Debug, Clone)]
struct Slow {
    begun: Journal<i64>,
    go_on: Arc<Semaphore>,
    fails: bool,
}

#[kafka_listener(
    topics = "orders",
    group_id = "slow",
    order = "none",
    parallelism = 4,
    retry(attempts = 1)
)]
#[idempotent(key = "key")]
async fn slow(meta: Meta, State(slow): State<Slow>) -> Result<(), String> {
    slow.begun.note(meta.offset());
    slow.go_on.acquire().await.unwrap().forget();
    match slow.fails && meta.offset() == 0 {
        true => Err("refused".to_owned()),
        false => Ok(()),
    }
}

async fn two_at_once(kafka: &EmbeddedKafka, fails: bool) -> Journal<i64> {
    let slow_ = Slow {
        begun: Journal::new(),
        go_on: Arc::new(Semaphore::new(0)),
        fails,
    };
    let app = kafka.app().listener(slow).state(slow_.clone());
    let app = app.start().await;
    kafka.send("orders", "one").key("a").await;
    kafka.send("orders", "the same").key("a").await;
    kafka.send("orders", "another").key("b").await;
    // Both keys are at work, the duplicate is not.
    let begun = slow_.begun.reaches(2).await;
    assert!(begun.contains(&2), "{begun:?}");
    slow_.go_on.add_permits(10);
    app.listener("slow").settled().await;
    slow_.begun
}

#[kafka_test(topics = ["orders"])]
async fn a_duplicate_in_flight_waits_for_the_end_of_the_first(kafka: EmbeddedKafka) {
    let begun = two_at_once(&kafka, false).await.entries();
    assert_eq!(begun.len(), 2, "{begun:?}");
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn a_duplicate_in_flight_is_handled_when_the_first_fails(kafka: EmbeddedKafka) {
    let mut begun = two_at_once(&kafka, true).await.entries();
    begun.sort_unstable();
    assert_eq!(begun, [0, 1, 2]);
    kafka
        .dlt("orders")
        .assert_one(|letter| letter.record().payload() == Some(b"one"));
}
