//! What requests do, bit by bit: the same on this broker and on Apache Kafka.
//!
//! With `MICRO_KAFKA_TEST=HOST:PORT` the tests run on the Kafka there, which needs
//! `group.min.session.timeout.ms` of at most 1000 and `group.initial.rebalance.delay.ms=0`. What needs
//! other settings says so, and names a variable of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod access;
mod administration;
mod batch;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../wire/client.rs"]
mod client;
mod configs;
mod deletion;
mod epochs;
mod features;
mod fetch;
mod group_admin;
mod group_offsets;
mod group_rebalance;
mod groups;
mod internal_topics;
mod kafka;
mod offsets;
mod produce;
mod refusals;
mod scram;
mod sessions;
mod tight;
mod transaction;
mod transaction_admin;
mod transaction_requests;
mod transactions;
