//! What an administrative request can fail with.

use std::time::Duration;

use crate::client::ErrorCode;

/// A request that the broker did not fulfil.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The client lacks the right.
    #[error("not authorised to {operation} `{resource}`: {code}")]
    Unauthorized {
        /// What was asked for, as in `create topic`.
        operation: &'static str,
        /// The topic or group, as the broker knows it.
        resource: String,
        /// The broker's answer.
        code: ErrorCode,
    },
    /// No answer in time.
    #[error("no answer within {timeout:?} to: {operation} `{resource}`")]
    TimedOut {
        /// What was asked for.
        operation: &'static str,
        /// The topic or group, as the broker knows it.
        resource: String,
        /// How long the request waited.
        timeout: Duration,
    },
    /// The topic does not exist.
    #[error("topic `{topic}` does not exist")]
    UnknownTopic {
        /// The topic, as the broker knows it.
        topic: String,
    },
    /// Any other refusal.
    #[error("cannot {operation} `{resource}`: {reason} ({})", code.name())]
    Refused {
        /// What was asked for.
        operation: &'static str,
        /// The topic or group, as the broker knows it.
        resource: String,
        /// The broker's answer.
        code: ErrorCode,
        /// The broker's words.
        reason: String,
    },
}
