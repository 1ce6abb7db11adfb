//! librdkafka as a client of the broker.
//!
//! `MICRO_KAFKA_TEST=HOST:PORT` runs these tests on another Kafka, which must behave the same.

mod admin;
mod groups;
mod kafka;
mod records;
