//! Records that go through retry topics.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod attributes;
mod batches;
mod causes;
mod crashing;
mod mixed;
mod programs;
mod spring_attributes;
mod waiting;

use std::future::{Ready, ready};
use std::time::Duration;

use micro_kafka::admin::NewTopic;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
    customer: String,
    cents: i64,
}

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("card declined")]
    #[kafka(dead_letter)]
    Declined,
    #[error("gateway timed out")]
    #[kafka(retry)]
    Timeout,
    #[error("quota")]
    #[kafka(retry_after)]
    Quota(Duration),
}

/// What a gateway answers, by the customer.
#[derive(Debug, Clone)]
struct Gateway {
    busy: bool,
    calls: Journal<(String, u32)>,
}

impl Gateway {
    fn always_busy() -> Self {
        let busy = true;
        let calls = Journal::new();
        Self { busy, calls }
    }

    fn well() -> Self {
        let busy = false;
        let calls = Journal::new();
        Self { busy, calls }
    }

    fn charge(&self, order: &Order, attempt: Attempt) -> Ready<Result<(), ChargeError>> {
        ready(self.answer(order, attempt.non_blocking()))
    }

    fn answer(&self, order: &Order, attempt: u32) -> Result<(), ChargeError> {
        self.calls.note((order.customer.clone(), attempt));
        match &*order.customer {
            _ if self.busy => Err(ChargeError::Timeout),
            "declined" => Err(ChargeError::Declined),
            "quota" if attempt == 1 => Err(ChargeError::Quota(Duration::from_secs(90))),
            "second time" if attempt == 1 => Err(ChargeError::Timeout),
            _ => Ok(()),
        }
    }
}

#[kafka_listener(
    topics = "orders",
    group_id = "billing",
    concurrency = 3,
    order = "key",
    parallelism = 256
)]
#[retryable(attempts = 5, backoff = "1s..5m x4", jitter = 0.2)]
async fn charge(
    Json(order): Json<Order>,
    State(gateway): State<Gateway>,
    meta: Meta,
    attempt: Attempt,
) -> Result<(), ChargeError> {
    assert!(meta.offset() >= 0);
    gateway.charge(&order, attempt).await
}

fn order(customer: &str) -> Order {
    Order {
        id: 7,
        customer: customer.into(),
        cents: 100,
    }
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_busy_gateway_ends_in_the_dlt(kafka: EmbeddedKafka) {
    let app = kafka
        .app()
        .listener(charge)
        .state(Gateway::always_busy())
        .start()
        .await;
    kafka.send("orders", Json(&order("c1"))).await;
    kafka.advance("10m").await;
    app.listener("charge").settled().await.assert_attempts(5);
    kafka
        .dlt("orders")
        .assert_one(|d| d.failure().error == "Timeout");
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_source_partition_never_waits(kafka: EmbeddedKafka) {
    let gateway = Gateway::well();
    let app = kafka.app().listener(charge).state(gateway.clone());
    let app = app.start().await;
    for customer in ["second time", "declined", "quota", "fine"] {
        let order = order(customer);
        kafka.send("orders", Json(&order)).key("one key").await;
    }
    gateway.calls.reaches(4).await;
    let first: Vec<_> = gateway.calls.entries();
    let expected = ["second time", "declined", "quota", "fine"].map(|it| (it.to_owned(), 1));
    assert_eq!(first, expected);
    kafka.advance("2m").await;
    let settled = app.listener("charge").settled().await;
    settled.assert_handled(3).assert_dead_lettered(1);
    settled.assert_retried(2);
    let again = gateway.calls.entries()[4..].to_vec();
    let expected = ["second time", "quota"].map(|it| (it.to_owned(), 2));
    assert_eq!(again, expected);
    let letters = kafka.dlt("orders");
    letters.assert_one(|letter| letter.failure().attempts == Some(1));
    let committed = kafka.committed("billing", "orders").await;
    assert_eq!(committed.values().sum::<i64>(), 4, "{committed:?}");
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn topics_are_as_wide_as_their_source_and_partitions_are_kept(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).state(Gateway::always_busy());
    let app = app.start().await;
    kafka.send("orders", Json(&order("c1"))).partition(2).await;
    kafka.advance("10m").await;
    app.listener("charge").settled().await.assert_attempts(5);
    let names = ["1000", "4000", "16000", "64000"].map(|ms| format!("orders-retry-{ms}"));
    for name in names.iter().map(String::as_str).chain(["orders-dlt"]) {
        let counts = kafka.admin().partition_counts(&[name]).await.unwrap();
        assert_eq!(counts[name], Some(3), "{name}");
        let record = &kafka.records(name, 1).await[0];
        assert_eq!(record.partition, 2, "{name}");
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_copy_that_is_refused_keeps_the_offset(kafka: EmbeddedKafka) {
    // Too small for the copies: the broker refuses them.
    let small = NewTopic::new("orders-retry-1000").config("max.message.bytes", "300");
    kafka.admin().create_topics(&[small]).await.unwrap();
    let app = kafka.app().listener(charge).state(Gateway::always_busy());
    let app = app.start().await;
    let customer = "x".repeat(2_000);
    kafka.send("orders", Json(&order(&customer))).await;
    app.listener("charge").unwell().await;
    kafka.advance("5m").await;
    let committed = kafka.committed("billing", "orders").await;
    assert_eq!(committed.values().sum::<i64>(), 0, "{committed:?}");
    app.stop().await;
    let app = kafka.app().listener(charge).state(Gateway::always_busy());
    let elsewhere = "kafka.listeners.charge.retry-topic.suffix";
    let app = app.set(elsewhere, "-again").start().await;
    kafka.advance("10m").await;
    let settled = app.listener("charge").settled().await;
    settled.assert_attempts(5).assert_dead_lettered(1);
}
