//! What can go wrong with a send.

use std::sync::Arc;

use super::TransactionError;
use crate::admin::AdminError;
use crate::client::{ConfigError, ErrorCode, Undelivered};
use crate::codec::EncodeError;

/// A record that was not acknowledged by the broker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The payload's wrapper could not write it; nothing was sent.
    #[error("the payload for topic `{topic}` cannot be written")]
    Serialization {
        /// The topic.
        topic: Arc<str>,
        /// What the wrapper says.
        source: EncodeError,
    },
    /// Larger than `message.max.bytes` of the client or the limit of broker and topic.
    #[error("the record is too large for topic `{topic}`")]
    TooLarge {
        /// The topic.
        topic: Arc<str>,
    },
    /// The broker refused the client or its right to write.
    #[error("not authorised to write to topic `{topic}`: {code}")]
    Unauthorized {
        /// The topic.
        topic: Arc<str>,
        /// The broker's answer.
        code: ErrorCode,
    },
    /// Not acknowledged within `delivery.timeout.ms`.
    #[error("topic `{topic}` did not acknowledge the record in time")]
    TimedOut {
        /// The topic.
        topic: Arc<str>,
        /// The broker may have stored it all the same.
        maybe_stored: bool,
    },
    /// The topic does not exist, and the broker does not create it.
    #[error("topic `{topic}` does not exist")]
    UnknownTopic {
        /// The topic.
        topic: Arc<str>,
    },
    /// The topic has no such partition.
    #[error("topic `{topic}` has no partition {partition}")]
    UnknownPartition {
        /// The topic.
        topic: Arc<str>,
        /// The partition that was asked for.
        partition: i32,
    },
    /// No valid name of a topic: at most 249 of the characters `a-z A-Z 0-9 . _ -`.
    #[error("`{topic}` cannot be the name of a topic")]
    InvalidTopic {
        /// The name.
        topic: Arc<str>,
    },
    /// No room in the local queue, and the send does not wait ([`super::SendBuilder::detach`]).
    #[error("no room in the local queue for a record to topic `{topic}`")]
    QueueFull {
        /// The topic.
        topic: Arc<str>,
    },
    /// The producer cannot go on; a new template is needed.
    #[error("the producer is broken, nothing more can be sent to topic `{topic}`: {reason}")]
    Fatal {
        /// The topic.
        topic: Arc<str>,
        /// librdkafka's reason.
        reason: String,
    },
    /// The template was closed before the record was delivered.
    #[error("the template was closed before the record to topic `{topic}` was delivered")]
    Closed {
        /// The topic.
        topic: Arc<str>,
        /// The broker may have stored it all the same.
        maybe_stored: bool,
    },
    /// A send outside of a transaction, on a template that has a `transaction-id-prefix`.
    #[error(
        "a record to topic `{topic}` outside of a transaction: send it by the handle that \
         `KafkaTemplate::transaction` gives, or set `allow-non-transactional`"
    )]
    OutsideTransaction {
        /// The topic.
        topic: Arc<str>,
    },
    /// A send in a transaction that takes no more records.
    #[error(
        "the transaction takes no record to topic `{topic}`: it has ended, or it must be aborted \
         since an earlier record failed"
    )]
    TransactionOver {
        /// The topic.
        topic: Arc<str>,
    },
    /// Any other answer.
    #[error("the record to topic `{topic}` was refused: {code}")]
    Broker {
        /// The topic.
        topic: Arc<str>,
        /// The broker's or librdkafka's answer.
        code: ErrorCode,
        /// The broker may have stored it all the same.
        maybe_stored: bool,
    },
}

impl SendError {
    /// The topic as the broker knows it, namespace included.
    #[must_use]
    pub fn topic(&self) -> &str {
        match self {
            Self::Serialization { topic, .. }
            | Self::TooLarge { topic }
            | Self::Unauthorized { topic, .. }
            | Self::TimedOut { topic, .. }
            | Self::UnknownTopic { topic }
            | Self::UnknownPartition { topic, .. }
            | Self::InvalidTopic { topic }
            | Self::QueueFull { topic }
            | Self::Fatal { topic, .. }
            | Self::Closed { topic, .. }
            | Self::OutsideTransaction { topic }
            | Self::TransactionOver { topic }
            | Self::Broker { topic, .. } => topic,
        }
    }

    /// Whether sending the record again may succeed without anybody's help. If
    /// [`SendError::maybe_stored`], it may then be there twice.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::QueueFull { .. } => true,
            Self::Broker { code, .. } => code.is_retriable(),
            _ => false,
        }
    }

    /// Whether the template is of no use any more.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Fatal { .. } | Self::Closed { .. })
    }

    /// Whether the broker may have the record although it did not say so.
    #[must_use]
    pub fn maybe_stored(&self) -> bool {
        match self {
            Self::TimedOut { maybe_stored, .. }
            | Self::Closed { maybe_stored, .. }
            | Self::Broker { maybe_stored, .. } => *maybe_stored,
            _ => false,
        }
    }
}

impl From<Undelivered> for SendError {
    fn from(failure: Undelivered) -> Self {
        let Undelivered {
            topic,
            code,
            partition,
            maybe_stored,
            reason,
        } = failure;
        match code {
            ErrorCode::STATE => Self::TransactionOver { topic },
            ErrorCode::QUEUE_FULL => Self::QueueFull { topic },
            ErrorCode::UNKNOWN_PARTITION => Self::UnknownPartition { topic, partition },
            ErrorCode::UNKNOWN_TOPIC | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
                Self::UnknownTopic { topic }
            }
            ErrorCode::INVALID_TOPIC => Self::InvalidTopic { topic },
            code if code == ErrorCode::FATAL || (code.is_going_away() && reason.is_some()) => {
                let reason = reason.map_or_else(|| code.description().into(), Into::into);
                Self::Fatal { topic, reason }
            }
            code if code.is_going_away() => Self::Closed {
                topic,
                maybe_stored,
            },
            code if code.is_too_large() => Self::TooLarge { topic },
            code if code.is_authorization() => Self::Unauthorized { topic, code },
            code if code.is_timeout() => Self::TimedOut {
                topic,
                maybe_stored,
            },
            code => Self::Broker {
                topic,
                code,
                maybe_stored,
            },
        }
    }
}

/// Whatever a template or an admin can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// The client could not be made.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A record was not delivered.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A transaction was not committed.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The broker refused an administrative request.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Records were still on their way when the time for the flush was over.
    #[error("{outstanding} records were still on their way at the flush's deadline")]
    FlushTimedOut {
        /// How many; they go on being sent.
        outstanding: usize,
    },
}
