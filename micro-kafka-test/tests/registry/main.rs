//! Payloads whose schemas a registry keeps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod client;
mod confluent;
mod formats;
mod outages;
