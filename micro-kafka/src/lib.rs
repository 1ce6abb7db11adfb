//! Annotated Kafka listeners for Rust services.

pub mod config;
