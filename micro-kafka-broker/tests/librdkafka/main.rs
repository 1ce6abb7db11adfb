//! librdkafka as a client of the broker.
//!
//! `MICRO_KAFKA_TEST=HOST:PORT` runs these tests on another Kafka, which must behave the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod admin;
mod compat;
mod groups;
mod kafka;
mod records;
mod transactions;
