//! What a module with listeners needs: `use micro_kafka::prelude::*;`.

pub use std::time::Duration;

pub use micro_kafka_macros::{Classify, kafka_listener};
pub use serde::{Deserialize, Serialize};

pub use crate::codec::{Bytes, Json, Text};
pub use crate::error::{Classify, Failure};
pub use crate::extract::{Acknowledgment, Attempt, Header, Key, Meta, State};
pub use crate::record::{Headers, Record};
pub use crate::template::{KafkaError, KafkaTemplate};
pub use crate::{KafkaApp, RunningApp};
