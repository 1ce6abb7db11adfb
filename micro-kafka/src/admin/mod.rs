//! Topics, offsets and groups, asked of and changed at the broker.

mod dead_letter_topics;
mod error;
mod kafka_admin;
mod offsets;
mod plan;
mod topics;

pub use crate::client::{BrokerNode, PartitionInfo};
pub(crate) use dead_letter_topics::Wanted;
pub use error::AdminError;
pub use kafka_admin::{AdminConfig, KafkaAdmin};
pub use offsets::TopicPartition;
pub use plan::{TopicPlan, TopicStep};
pub use topics::{Created, NewTopic};
