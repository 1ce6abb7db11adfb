//! What can go wrong with a send.

use std::sync::Arc;

use super::{RequestError, TransactionError};
use crate::admin::AdminError;
use crate::claim_check::ClaimError;
use crate::client::{ConfigError, ErrorCode, KeyHash, SizeLimit, Undelivered};
use crate::codec::EncodeError;
use crate::config::DurationError;

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
    /// Larger than `message.max.bytes` of the producer or `max.message.bytes` of the topic.
    #[error("the record is too large for topic `{topic}`{}{}", of(*key_hash), by(*limit))]
    TooLarge {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
        /// The limit, if it was known before the record was sent; otherwise the broker refused it.
        limit: Option<SizeLimit>,
    },
    /// The broker refused the client or its right to write.
    #[error("not authorised to write to topic `{topic}`{}: {code}{}", of(*key_hash), needs(missing.as_deref()))]
    Unauthorized {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
        /// The broker's answer.
        code: ErrorCode,
        /// Who needs which right on what, and the command that grants it; `None` if the broker
        /// refused the login.
        missing: Option<Box<str>>,
    },
    /// Not acknowledged within `delivery.timeout.ms`.
    #[error("topic `{topic}` did not acknowledge the record in time{}", of(*key_hash))]
    TimedOut {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
        /// The broker may have stored it all the same.
        maybe_stored: bool,
    },
    /// The topic does not exist, and the broker does not create it.
    #[error("topic `{topic}` does not exist")]
    UnknownTopic {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
    },
    /// The topic has no such partition.
    #[error("topic `{topic}` has no partition {partition}")]
    UnknownPartition {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
        /// The partition that was asked for.
        partition: i32,
    },
    /// No valid name of a topic: at most 249 of the characters `a-z A-Z 0-9 . _ -`.
    #[error("`{topic}` cannot be the name of a topic")]
    InvalidTopic {
        /// The name.
        topic: Arc<str>,
    },
    /// A record without a topic, and a template without a `default-topic`.
    #[error("the record has no topic: name one, or set `default-topic` of the template")]
    NoTopic,
    /// No room in the local queue, and the send does not wait ([`super::SendBuilder::detach`]).
    #[error("no room in the local queue for a record to topic `{topic}`{}", of(*key_hash))]
    QueueFull {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
    },
    /// The producer broke; the template makes a new one for the next send.
    #[error("the producer broke before the record to topic `{topic}` was delivered: {reason}")]
    Fatal {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
        /// librdkafka's reason.
        reason: String,
        /// The broker may have stored it all the same.
        maybe_stored: bool,
    },
    /// The template was closed before the record was delivered.
    #[error("the template was closed before the record to topic `{topic}`{} was delivered", of(*key_hash))]
    Closed {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
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
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
    },
    /// A delayed send by a template that has no topic for it.
    #[error(
        "{} delayed sends: the application's own template has that of `[kafka.delayed] topic = \
         \"…\"`; a template of `[kafka.templates]`, or one that the program makes, has none \
         before its `TemplateConfig::delayed` is set (in `KafkaAppBuilder::templates`)",
        has_no_topic_for(topic)
    )]
    DelayedSendsOff {
        /// The topic; empty where a delayed send is cancelled.
        topic: Arc<str>,
    },
    /// A large payload that could not be put into its store; the record was not sent.
    #[error("the payload of a record to topic `{topic}` was not stored")]
    ClaimCheck {
        /// The topic.
        topic: Arc<str>,
        /// Why not.
        #[source]
        source: ClaimError,
    },
    /// A delay that is no duration.
    #[error("the record to topic `{topic}` cannot wait for {delay}")]
    InvalidDelay {
        /// The topic.
        topic: Arc<str>,
        /// What was said.
        delay: String,
        /// What is wrong with it.
        source: DurationError,
    },
    /// Any other answer.
    #[error("the record to topic `{topic}`{} was refused: {code}", of(*key_hash))]
    Broker {
        /// The topic.
        topic: Arc<str>,
        /// The hash of the record's key, if it has one.
        key_hash: Option<KeyHash>,
        /// The broker's or librdkafka's answer.
        code: ErrorCode,
        /// The broker may have stored it all the same.
        maybe_stored: bool,
    },
}

fn has_no_topic_for(topic: &str) -> String {
    match topic {
        "" => "nothing is cancelled: the template has no topic for".to_owned(),
        topic => {
            format!("the record to topic `{topic}` cannot wait: the template has no topic for")
        }
    }
}

impl SendError {
    /// The topic as the broker knows it, namespace included.
    #[must_use]
    pub fn topic(&self) -> &str {
        match self {
            Self::Serialization { topic, .. }
            | Self::TooLarge { topic, .. }
            | Self::Unauthorized { topic, .. }
            | Self::TimedOut { topic, .. }
            | Self::UnknownTopic { topic, .. }
            | Self::UnknownPartition { topic, .. }
            | Self::InvalidTopic { topic }
            | Self::QueueFull { topic, .. }
            | Self::Fatal { topic, .. }
            | Self::Closed { topic, .. }
            | Self::OutsideTransaction { topic }
            | Self::TransactionOver { topic, .. }
            | Self::DelayedSendsOff { topic }
            | Self::InvalidDelay { topic, .. }
            | Self::ClaimCheck { topic, .. }
            | Self::Broker { topic, .. } => topic,
            Self::NoTopic => "",
        }
    }

    /// The hash of the record's key, where it has one and got as far as the local queue.
    #[must_use]
    pub fn key_hash(&self) -> Option<KeyHash> {
        match self {
            Self::TooLarge { key_hash, .. }
            | Self::Unauthorized { key_hash, .. }
            | Self::TimedOut { key_hash, .. }
            | Self::UnknownTopic { key_hash, .. }
            | Self::UnknownPartition { key_hash, .. }
            | Self::QueueFull { key_hash, .. }
            | Self::Fatal { key_hash, .. }
            | Self::Closed { key_hash, .. }
            | Self::TransactionOver { key_hash, .. }
            | Self::Broker { key_hash, .. } => *key_hash,
            Self::Serialization { .. }
            | Self::InvalidTopic { .. }
            | Self::NoTopic
            | Self::DelayedSendsOff { .. }
            | Self::InvalidDelay { .. }
            | Self::ClaimCheck { .. }
            | Self::OutsideTransaction { .. } => None,
        }
    }

    /// Whether sending the record again may succeed without anybody's help. If
    /// [`SendError::maybe_stored`], it may then be there twice.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::QueueFull { .. } => true,
            Self::Broker { code, .. } => code.is_retriable(),
            Self::ClaimCheck { source, .. } => source.is_retriable(),
            _ => false,
        }
    }

    /// Whether the producer is of no use any more. After [`SendError::Closed`] so is the template;
    /// after [`SendError::Fatal`] the next send is made by a new producer.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Fatal { .. } | Self::Closed { .. })
    }

    /// Whether another producer took the transactional id over.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        matches!(self, Self::Broker { code, .. } if code.is_fenced())
    }

    /// Whether the record is larger than client, topic or broker allow.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge { .. })
    }

    /// Whether the broker refused the client or its right to write.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Unauthorized { .. })
    }

    /// Whether the delivery's time (`delivery.timeout.ms`) was over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// Whether the broker may have the record although it did not say so.
    #[must_use]
    pub fn maybe_stored(&self) -> bool {
        match self {
            Self::TimedOut { maybe_stored, .. }
            | Self::Fatal { maybe_stored, .. }
            | Self::Closed { maybe_stored, .. }
            | Self::Broker { maybe_stored, .. } => *maybe_stored,
            _ => false,
        }
    }
}

/// How messages name the record.
fn of(key: Option<KeyHash>) -> String {
    key.map(|hash| format!(" (key {hash})")).unwrap_or_default()
}

/// How messages tell the right that is missing.
fn needs(missing: Option<&str>) -> String {
    missing
        .map(|missing| format!("; {missing}"))
        .unwrap_or_default()
}

/// How messages tell the limit.
fn by(limit: Option<SizeLimit>) -> String {
    match limit {
        Some(limit) => format!(": {limit}"),
        None => ": the broker refused it; see the topic's `max.message.bytes`".into(),
    }
}

impl From<Undelivered> for SendError {
    fn from(failure: Undelivered) -> Self {
        let Undelivered {
            topic,
            code,
            partition,
            key_hash,
            maybe_stored,
            reason,
        } = failure;
        match code {
            ErrorCode::STATE => Self::TransactionOver { topic, key_hash },
            ErrorCode::QUEUE_FULL => Self::QueueFull { topic, key_hash },
            ErrorCode::UNKNOWN_PARTITION => Self::UnknownPartition {
                topic,
                key_hash,
                partition,
            },
            ErrorCode::UNKNOWN_TOPIC | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
                Self::UnknownTopic { topic, key_hash }
            }
            ErrorCode::INVALID_TOPIC => Self::InvalidTopic { topic },
            code if code == ErrorCode::FATAL || (code.is_going_away() && reason.is_some()) => {
                let reason = reason.map_or_else(|| code.description().into(), Into::into);
                Self::Fatal {
                    topic,
                    key_hash,
                    reason,
                    maybe_stored,
                }
            }
            code if code.is_going_away() => Self::Closed {
                topic,
                key_hash,
                maybe_stored,
            },
            code if code.is_too_large() => Self::TooLarge {
                topic,
                key_hash,
                limit: None,
            },
            code if code.is_authorization() => Self::Unauthorized {
                topic,
                key_hash,
                code,
                missing: reason,
            },
            code if code.is_timeout() => Self::TimedOut {
                topic,
                key_hash,
                maybe_stored,
            },
            code => Self::Broker {
                topic,
                key_hash,
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
    /// A request was not answered.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The broker refused an administrative request.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// There is no template `[kafka.templates.<name>]`.
    #[error("no template is named `{name}`; there are: {known}")]
    UnknownTemplate {
        /// The name that was asked for.
        name: String,
        /// All names, with commas between them.
        known: String,
    },
    /// Records were still on their way when the time for the flush was over.
    #[error("{outstanding} records were still on their way at the flush's deadline")]
    FlushTimedOut {
        /// How many; they go on being sent.
        outstanding: usize,
    },
}
