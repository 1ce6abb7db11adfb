//! Listeners that keep their records rather than send all of them away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use micro_kafka::listener::{ContainerEvent, HealthReason};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// What the handlers need.
#[derive(Debug, Clone, Default)]
struct Gateway {
    down: Arc<AtomicBool>,
}

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("the gateway refuses")]
    #[kafka(dead_letter)]
    Refused,
}

impl Gateway {
    fn ask(&self, order: &str) -> Result<(), ChargeError> {
        match self.down.load(Ordering::SeqCst) || order == "declined" {
            true => Err(ChargeError::Refused),
            false => Ok(()),
        }
    }
}

#[kafka_listener(
    topics = "orders",
    group_id = "charge",
    concurrency = 2,
    retry_budget(percent = 20, at_least = 10)
)]
async fn charge(order: &str, State(gateway): State<Gateway>) -> Result<(), ChargeError> {
    gateway.ask(order)
}

async fn send(kafka: &EmbeddedKafka, orders: std::ops::Range<i32>) {
    for order in orders {
        let text = order.to_string();
        kafka.send("orders", text).partition(order % 2).await;
    }
}

#[kafka_test(topics = ["orders", "orders-dlt"], partitions = 2, clock = "paused")]
async fn an_outage_does_not_empty_a_topic_into_its_dead_letters(kafka: EmbeddedKafka) {
    let gateway = Gateway::default();
    let app = kafka.app().listener(charge).state(gateway.clone());
    let app = app.start().await;
    let listener = app.listener("charge");
    let mut events = listener.events();
    send(&kafka, 0..100).await;
    listener.settled().await.assert_handled(100);
    gateway.down.store(true, Ordering::SeqCst);
    send(&kafka, 100..400).await;
    kafka.advance("20s").await;
    // About a fifth of what was tried, failures among it.
    let gone = listener.stats().dead_lettered;
    assert!((20..=30).contains(&gone), "{gone}");
    let reasons = listener.health().reasons;
    let spent = |reason: &HealthReason| matches!(reason, HealthReason::RetryBudgetSpent { percent: 20, error } if error == "the gateway refuses");
    assert!(reasons.iter().any(spent), "{reasons:?}");
    gateway.down.store(false, Ordering::SeqCst);
    kafka.advance("2m").await;
    let settled = listener.settled().await;
    settled.assert_handled(400 - gone);
    assert!(listener.health().is_up(), "{:?}", listener.health());
    let mut told = false;
    while let Some(event) = events.try_next() {
        told |= matches!(&*event, ContainerEvent::RetryBudgetSpent { gone, .. } if *gone >= 20);
    }
    assert!(told);
}

#[kafka_test(topics = ["orders", "orders-dlt"], partitions = 2, clock = "paused")]
async fn a_few_failures_open_nothing_whatever_their_share(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).state(Gateway::default());
    let app = app.start().await;
    for _ in 0..10 {
        kafka.send("orders", "declined").partition(0).await;
    }
    let settled = app.listener("charge").settled().await;
    settled.assert_dead_lettered(10).assert_handled(0);
    assert!(app.listener("charge").health().is_up());
}

#[kafka_listener(topics = "orders", group_id = "index", batch(max = 12, linger = "1h"))]
async fn index(orders: Batch<Text>, State(gateway): State<Gateway>) -> BatchResult<ChargeError> {
    let results = orders.iter().map(|order| gateway.ask(&order.value().0));
    orders.settle(results.collect::<Vec<_>>())
}

#[kafka_test(topics = ["orders", "orders-dlt"], clock = "paused")]
async fn what_a_batch_may_not_send_away_it_tries_again(kafka: EmbeddedKafka) {
    let gateway = Gateway::default();
    gateway.down.store(true, Ordering::SeqCst);
    let app = kafka.app().listener(index).state(gateway.clone());
    let app = app.set("kafka.listeners.index.retry-budget.at-least", 5);
    let app = app.start().await;
    for order in 0..12 {
        kafka.send("orders", order.to_string()).await;
    }
    kafka.advance("1s").await;
    let listener = app.listener("index");
    assert_eq!(listener.stats().dead_lettered, 5);
    gateway.down.store(false, Ordering::SeqCst);
    kafka.advance("10s").await;
    let settled = listener.settled().await;
    settled.assert_handled(7).assert_dead_lettered(5);
}
