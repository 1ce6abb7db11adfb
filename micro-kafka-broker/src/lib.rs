//! A Kafka broker for development and tests.

#[macro_use]
mod wire;
mod api;
