//! What a test needs: `use micro_kafka_test::prelude::*;`.

pub use crate::{EmbeddedKafka, Journal, TestApp, containing, json, kafka_test, text};
