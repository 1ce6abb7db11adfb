//! What is said, and what goes on, when a right is missing, and then is granted.
//!
//! `MICRO_KAFKA_SECURED` names the file of a Kafka with access control lists, as `cargo xtask kafka
//! start --secured DIR` writes it; `cargo xtask ci secured` does all of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod declaring;
mod lists;
mod reading;
mod recovering;
mod support;
mod transacting;
mod writing;
