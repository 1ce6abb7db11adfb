//! Faults on command, as librdkafka sees them, and virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

#[path = "../semantics/batch.rs"]
#[allow(dead_code, reason = "the semantics tests make more of it")]
mod batch;
mod broker;
mod chaos;
mod clock;
mod coordinators;
mod kafka;
mod requests;
mod virtual_time;
mod wire;
