//! A Kafka broker for development and tests.

#[macro_use]
mod wire;
mod api;
mod batch;
mod clock;
mod coord;
mod log;
mod meta;
mod partition;
