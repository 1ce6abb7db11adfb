//! What can go wrong with a request.

use std::time::Duration;

use crate::client::{ClientError, ErrorCode};
use crate::codec::DecodeError;

/// A request that was not answered as hoped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The template has no topic for replies.
    #[error("no topic for replies: set `reply-topic` in [kafka.template]")]
    NoReplyTopic,
    /// The topic for replies has no such partition.
    #[error(
        "topic `{topic}` for replies has no partition {partition}: see `reply-partition` in [kafka.template]"
    )]
    NoReplyPartition {
        /// The topic as the broker knows it.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// The topic to read from has no such partition, or does not exist.
    #[error("topic `{topic}` has no partition {partition}")]
    NoPartition {
        /// The topic as the broker knows it.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// Replies cannot be read.
    #[error("replies cannot be read")]
    Reader(#[source] ClientError),
    /// No reply in time; a late one is counted and dropped.
    #[error("no reply from topic `{topic}` within {waited:?}")]
    TimedOut {
        /// The topic of the request.
        topic: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The other side answered with an error.
    #[error("the request to topic `{topic}` was refused: {error}: {message}")]
    Refused {
        /// The topic of the request.
        topic: String,
        /// The type of the other side's error.
        error: String,
        /// That error in words.
        message: String,
    },
    /// The reply cannot be read as the type that was asked for.
    #[error("the reply from topic `{topic}` cannot be read")]
    Unreadable {
        /// The topic of the request.
        topic: String,
        /// What the wrapper says.
        source: DecodeError,
    },
    /// The template was closed before the reply came.
    #[error("the template was closed before the reply from topic `{topic}` came")]
    Closed {
        /// The topic of the request.
        topic: String,
    },
    /// The broker refuses to have the replies read.
    #[error("replies from topic `{topic}` cannot be read: {code}")]
    Broker {
        /// The topic of the replies.
        topic: String,
        /// The broker's answer.
        code: ErrorCode,
    },
}

impl RequestError {
    /// Whether the other side may have handled the request although no reply came.
    #[must_use]
    pub fn maybe_handled(&self) -> bool {
        matches!(
            self,
            Self::TimedOut { .. } | Self::Closed { .. } | Self::Unreadable { .. }
        )
    }
}
