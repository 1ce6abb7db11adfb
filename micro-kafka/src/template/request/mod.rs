//! Requests that are answered by a record, with Spring Kafka's headers.

mod answer;
mod builder;
mod correlation;
mod error;
mod gather;
mod replies;
mod settings;

pub use answer::{ReplyTo, ReplyToRejection};
pub use builder::Request;
pub use error::RequestError;
pub use gather::{GatherRequest, Gathered};
pub use replies::ReplyCounts;
pub(super) use replies::Requests;
pub use settings::{ReplyCheck, ReplyConfig};

/// Names the request that a record answers, or that it is.
pub const CORRELATION_ID: &str = "kafka_correlationId";
/// The topic to which a request is to be answered, as the broker knows it.
pub const REPLY_TOPIC: &str = "kafka_replyTopic";
/// The partition of it, big-endian in four bytes; left out where any will do.
pub const REPLY_PARTITION: &str = "kafka_replyPartition";
/// On a reply: the request failed, and this is the error's type.
pub const REPLY_ERROR: &str = "mk-error";
/// On a reply: that error in words.
pub const REPLY_ERROR_MESSAGE: &str = "mk-error-message";
