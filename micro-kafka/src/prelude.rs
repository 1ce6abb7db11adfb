//! What a module with listeners needs: `use micro_kafka::prelude::*;`.

pub use std::time::Duration;

pub use micro_kafka_macros::{
    Classify, KafkaEvent, KafkaRecord, dlt_handler, idempotent, kafka_listener, retryable,
};
pub use serde::{Deserialize, Serialize};

pub use crate::codec::{
    Bytes, DecodeError, Json, Number, Parsed, Text, Tombstone, Validate, Validated, Violations,
};
pub use crate::error::{Classify, Failure};
pub use crate::extract::{Acknowledgment, Attempt, Cancel, Header, Info, Key, Meta, State, Tx};
pub use crate::listener::{Acknowledgments, Batch, BatchResult, Reply};
pub use crate::record::{Headers, Record, Timestamp};
pub use crate::template::{KafkaError, KafkaRecord, KafkaTemplate, SendError};
pub use crate::{KafkaApp, RunningApp};
