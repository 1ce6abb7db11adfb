//! Annotated Kafka listeners for Rust services.
