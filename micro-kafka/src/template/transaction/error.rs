//! What can go wrong with a transaction as a whole.

use std::sync::Arc;
use std::time::Duration;

use super::super::SendError;
use crate::client::{ErrorCode, TransactionRefusal};

/// A transaction that was not committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// A transaction inside of another one of the same template.
    #[error(
        "a transaction inside of a transaction: send by the outer one's handle, or begin this one \
         after it"
    )]
    Nested,
    /// No producer could begin it; nothing was sent.
    #[error("transaction `{id}` cannot begin: {reason}")]
    NotBegun {
        /// The transactional id.
        id: Arc<str>,
        /// The broker's or librdkafka's answer, if there is one.
        code: ErrorCode,
        /// The same in words.
        reason: String,
    },
    /// Records could not be delivered, so all were aborted.
    #[error("transaction `{id}` was aborted: {} of its records failed, the first one: {}", failures.len(), first(failures))]
    Undelivered {
        /// The transactional id.
        id: Arc<str>,
        /// Every failed delivery, in the order of the reports.
        failures: Vec<SendError>,
    },
    /// The broker refused to commit, and nothing of it is visible.
    #[error("transaction `{id}` was aborted: {reason}")]
    Aborted {
        /// The transactional id.
        id: Arc<str>,
        /// The broker's answer.
        code: ErrorCode,
        /// The same in words.
        reason: String,
    },
    /// Another producer has the transactional id now, or the transaction lasted longer than
    /// [`timeout`](super::TransactionConfig::timeout); nothing of it is visible.
    #[error("transaction `{id}` was fenced: {}", fence(*again))]
    Fenced {
        /// The transactional id.
        id: Arc<str>,
        /// The producer was replaced before, and that one was fenced as well.
        again: bool,
    },
    /// The broker did not say whether it committed.
    #[error("whether transaction `{id}` was committed is not known: no answer within {waited:?}")]
    Unknown {
        /// The transactional id.
        id: Arc<str>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The template was closed.
    #[error("the template was closed: no transaction can begin")]
    Closed,
}

fn first(failures: &[SendError]) -> String {
    failures
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn fence(again: bool) -> &'static str {
    if again {
        "its producer was replaced and fenced again, so another instance has the same \
         transaction-id-prefix, or transactions last longer than transaction-timeout"
    } else {
        "another producer took its id over, or it lasted longer than transaction-timeout; the \
         producer is replaced"
    }
}

impl TransactionError {
    pub(super) fn not_begun(id: &Arc<str>, refusal: TransactionRefusal) -> Self {
        Self::NotBegun {
            id: Arc::clone(id),
            code: refusal.code,
            reason: refusal.words(&[]),
        }
    }

    /// Whether the whole transaction may succeed if it is run again.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::NotBegun { code, .. } => code.is_retriable() || code.is_fenced(),
            Self::Undelivered { failures, .. } => failures.iter().all(SendError::is_retriable),
            Self::Aborted { .. } => true,
            Self::Fenced { again, .. } => !again,
            Self::Nested | Self::Unknown { .. } | Self::Closed => false,
        }
    }

    /// Whether the producer lost its transactional id.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        match self {
            Self::Fenced { .. } => true,
            Self::NotBegun { code, .. } => code.is_fenced(),
            _ => false,
        }
    }

    /// Whether readers may see the records although the commit failed.
    #[must_use]
    pub fn maybe_committed(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}
