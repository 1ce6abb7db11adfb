//! What a test needs: `use micro_kafka_test::prelude::*;`.

pub use crate::{
    EmbeddedKafka, Journal, RecordingTemplate, TestApp, containing, drive, json, kafka_test, text,
};
