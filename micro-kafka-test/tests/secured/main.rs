//! TLS, mutual TLS and logins: what works, and what is said when it does not.
//!
//! `MICRO_KAFKA_SECURED` names the file with the addresses of a Kafka that has such listeners, as
//! `cargo xtask kafka start --secured DIR` writes it; `cargo xtask ci secured` does all of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod login;
mod support;
mod tls;
