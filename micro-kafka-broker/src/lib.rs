//! A Kafka broker for development and tests.

pub mod batch;
pub mod clock;
pub mod log;
