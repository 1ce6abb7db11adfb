//! What a test needs: `use micro_kafka_test::prelude::*;`.

pub use crate::{EmbeddedKafka, Journal, TestApp, kafka_test};
