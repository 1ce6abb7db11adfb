//! The one door to librdkafka, and the one room with `unsafe`.
#![allow(
    unsafe_code,
    reason = "librdkafka is a C library; every call to it is in this room"
)]

mod admin;
mod admin_groups;
mod admin_offsets;
mod admin_partitions;
mod admin_topic_changes;
mod admin_topics;
mod any_client;
mod assigned_consumer;
mod by_hand;
mod callbacks;
mod consumer;
mod consumer_assign;
mod consumer_close;
mod consumer_offsets;
mod consumer_orphans;
mod error;
mod error_code;
mod event;
mod group_metadata;
mod handle;
mod intake;
mod key_hash;
mod message;
mod missing_right;
mod partition_list;
mod producer;
mod producer_config;
mod producer_delivery;
mod producer_events;
mod producer_hooks;
mod producer_lazy;
mod producer_limits;
mod producer_partitioner;
mod producer_refused;
mod producer_topic;
mod producer_transaction;
mod producer_waiters;
mod properties;
mod queue;
mod security;
mod signal;
mod source;
mod start_offsets;
mod wake;

#[cfg(test)]
pub(crate) mod mock_cluster;

pub use admin_partitions::{BrokerNode, PartitionInfo};
pub use error::ClientError;
pub use error_code::ErrorCode;
pub use key_hash::KeyHash;
pub use message::{NativeHeaders, NativeMessage};
pub use producer_config::ConfigError;
pub use producer_limits::SizeLimit;
pub use producer_partitioner::Partitioner;
pub use properties::{CONSUMER_DEFAULTS, CONSUMER_FIXED, consumer_properties};

pub(crate) use admin::Refusal;
pub(crate) use admin_offsets::{End, committed, list_offsets};
pub(crate) use admin_partitions::describe_topics;
pub(crate) use admin_topic_changes::{
    alter_topic_configs, create_partitions, describe_topic_configs,
};
pub(crate) use admin_topics::{TopicSpec, create_topics, delete_topics};
pub(crate) use any_client::AnyClient;
pub(crate) use assigned_consumer::{AssignedConsumer, Read};
pub(crate) use by_hand::Beginning;
pub(crate) use consumer::KafkaConsumer;
pub(crate) use consumer_orphans::Orphans;
pub(crate) use event::NativeEvent;
pub(crate) use group_metadata::{GroupMetadata, TransactionOffset};
pub(crate) use missing_right::MissingRight;
pub(crate) use producer::{Core, Producer, SERVERS};
pub(crate) use producer_delivery::{DeliveryHook, FailureHook, Receipt, Undelivered};
pub(crate) use producer_hooks::ProducerHooks;
pub(crate) use producer_lazy::LazyProducer;
pub(crate) use producer_refused::Refused;
pub(crate) use producer_topic::{Outgoing, Topic};
pub(crate) use producer_transaction::{Severity, TransactionRefusal};
#[cfg(test)]
pub(crate) use signal::Signal;
pub(crate) use source::{
    CommitError, CommitOffset, RecordSource, Slot, SourceEvent, Spot, Start, TopicPartition,
};
