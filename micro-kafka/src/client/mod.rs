//! The one door to librdkafka, and the one room with `unsafe`.
#![allow(
    unsafe_code,
    reason = "librdkafka is a C library; every call to it is in this room"
)]

mod callbacks;
mod consumer;
mod error;
mod handle;
mod message;
mod partition_list;
mod properties;
mod queue;
mod signal;
mod source;
mod start_offsets;

#[cfg(test)]
pub(crate) mod mock_cluster;

pub use error::ClientError;
pub use message::{NativeHeaders, NativeMessage};
pub use properties::{CONSUMER_DEFAULTS, CONSUMER_FIXED, consumer_properties};

pub(crate) use consumer::KafkaConsumer;
#[cfg(test)]
pub(crate) use signal::Signal;
pub(crate) use source::{
    CommitError, CommitOffset, RecordSource, Slot, SourceEvent, Start, TopicPartition,
};
