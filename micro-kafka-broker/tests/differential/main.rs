//! The same random requests to this broker and to Apache Kafka: the same answers.
//!
//! A walk is drawn from a seed and sent request by request; every answer is written down with what
//! must differ (ids, addresses, times) replaced by names. `MICRO_KAFKA_TEST=HOST:PORT` walks on the
//! Kafka there too and compares, over as many seeds as `MICRO_KAFKA_WALKS` says. Without it the answers
//! are compared with those in `recorded/`, which Apache Kafka gave; `MICRO_KAFKA_RECORD=1` beside
//! `MICRO_KAFKA_TEST` writes them anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../semantics/batch.rs"]
mod batch;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../wire/client.rs"]
mod client;
mod compare;
mod groups;
mod masks;
mod offset_fetch;
mod records;
mod sessions;
mod side;
mod summary;
mod topics;
mod transactions;

use compare::same_answers;

#[tokio::test]
async fn records_are_written_and_read_as_on_apache_kafka() {
    same_answers("records", |side, rng, steps| {
        Box::pin(records::walk(side, rng, steps))
    })
    .await;
}

#[tokio::test]
async fn transactions_go_as_on_apache_kafka() {
    same_answers("transactions", |side, rng, steps| {
        Box::pin(transactions::walk(side, rng, steps))
    })
    .await;
}

#[tokio::test]
async fn groups_go_as_on_apache_kafka() {
    same_answers("groups", |side, rng, steps| {
        Box::pin(groups::walk(side, rng, steps))
    })
    .await;
}

#[tokio::test]
async fn fetch_sessions_go_as_on_apache_kafka() {
    same_answers("sessions", |side, rng, steps| {
        Box::pin(sessions::walk(side, rng, steps))
    })
    .await;
}

#[tokio::test]
async fn topics_go_as_on_apache_kafka() {
    same_answers("topics", |side, rng, steps| {
        Box::pin(topics::walk(side, rng, steps))
    })
    .await;
}
