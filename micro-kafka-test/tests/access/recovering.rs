//! Rights on retry topics and dead letters: a record that may not go there stays where it is.

use std::time::{Duration, Instant};

use micro_kafka::RunningApp;
use micro_kafka::listener::HealthReason;
use micro_kafka::prelude::*;

use crate::lists::Operation;
use crate::support::{Access, told, told_after, well};

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("card declined")]
    #[kafka(dead_letter)]
    Declined,
    #[error("gateway timed out")]
    #[kafka(retry)]
    Timeout,
}

#[kafka_listener(topics = "orders", group_id = "billing", id = "decline")]
async fn decline(_order: &str) -> Result<(), ChargeError> {
    Err(ChargeError::Declined)
}

#[kafka_listener(topics = "orders", group_id = "billing", id = "later")]
#[retryable(attempts = 2, backoff = "20ms")]
async fn later(_order: &str) -> Result<(), ChargeError> {
    Err(ChargeError::Timeout)
}

const SEEN: [Operation; 2] = [Operation::Describe, Operation::Read];

/// Waits until a record could not be recovered three times, with pauses of one and two seconds
/// between them.
async fn tries_without_haste(app: &RunningApp, began: Instant, part: &str) {
    let recoveries = |reason: &HealthReason| match reason {
        HealthReason::RecoverFailing { tries, .. } => Some(*tries),
        _ => None,
    };
    told_after(app, part, 3, recoveries).await;
    assert!(began.elapsed() >= Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_that_may_not_be_written() {
    let Some(kafka) = Access::kafka().await else {
        return;
    };
    kafka.topics(&["orders", "orders-dlt"]).await;
    kafka.allow_topic("orders", &[Operation::Read]);
    kafka.allow_topic("orders-dlt", &SEEN);
    kafka.allow_group("billing");
    kafka.send("orders", "first").await;
    let app = KafkaApp::builder()
        .config(kafka.config(""))
        .listener(decline);
    let began = Instant::now();
    let app = app.build().unwrap().start().await.unwrap();
    let needs = kafka.needs("WRITE", "topic", "orders-dlt");
    tries_without_haste(&app, began, &needs).await;
    assert_eq!(kafka.committed("billing", "orders").await, None);
    assert_eq!(kafka.end("orders-dlt").await, 0);
    kafka.allow_topic("orders-dlt", &[Operation::Write]);
    kafka.until_end("orders-dlt", 1).await;
    kafka.until_committed("billing", "orders", 1).await;
    well(&app).await;
    app.stop().await;
    assert_eq!(kafka.end("orders-dlt").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_topics_that_may_not_be_written() {
    let Some(kafka) = Access::kafka().await else {
        return;
    };
    kafka
        .topics(&["orders", "orders-retry", "orders-dlt"])
        .await;
    kafka.allow_topic("orders", &[Operation::Read]);
    kafka.allow_topic("orders-retry", &SEEN);
    kafka.allow_topic("orders-dlt", &SEEN);
    kafka.allow_group("billing");
    kafka.allow_group("billing-retry");
    kafka.send("orders", "first").await;
    let app = KafkaApp::builder()
        .config(kafka.config(""))
        .listener(later)
        .build()
        .unwrap();
    let app = app.start().await.unwrap();
    told(&app, &kafka.needs("WRITE", "topic", "orders-retry")).await;
    assert_eq!(kafka.committed("billing", "orders").await, None);
    kafka.allow_topic("orders-retry", &[Operation::Write]);
    kafka.until_committed("billing", "orders", 1).await;
    told(&app, &kafka.needs("WRITE", "topic", "orders-dlt")).await;
    assert_eq!(kafka.end("orders-dlt").await, 0);
    kafka.allow_topic("orders-dlt", &[Operation::Write]);
    kafka.until_end("orders-dlt", 1).await;
    well(&app).await;
    app.stop().await;
    assert_eq!(kafka.end("orders-dlt").await, 1);
    assert_eq!(kafka.end("orders-retry").await, 1);
}
