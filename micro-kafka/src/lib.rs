//! Annotated Kafka listeners for Rust services, in the manner of Spring Kafka.
//!
//! A service annotates async functions with `#[kafka_listener]`, writes its settings into
//! `application.toml` and runs a `KafkaApp`.

pub mod client;
pub mod clock;
pub mod codec;
pub mod config;
pub mod error;
pub mod extract;
pub mod listener;
pub mod record;
