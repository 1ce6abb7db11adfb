//! What can go wrong with a replay.

use super::scan::Span;
use crate::admin::AdminError;
use crate::client::ClientError;
use crate::template::{SendError, TransactionError};

/// A replay that did not come to its end. What it has sent until then is committed; another run of
/// the same id goes on behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The id cannot be part of the name of a group.
    #[error(
        "{id:?} cannot be the id of a replay: it has 1 to 100 letters, digits, `.`, `_` and `-`"
    )]
    Id {
        /// The id.
        id: String,
    },
    /// A topic of dead letters, or one that a record would be sent to, does not exist.
    #[error("topic `{topic}` does not exist{}", of(letter.as_deref()))]
    UnknownTopic {
        /// The topic, as the broker knows it.
        topic: String,
        /// The letter that would be sent there, as `topic-partition@offset`.
        letter: Option<String>,
    },
    /// The topic of dead letters ends before the place that this id has come to.
    #[error(
        "the replay has come to offset {position} of `{partition}`, which ends at {end}: if the \
         topic was made anew, take another id"
    )]
    Beyond {
        /// The partition, as `topic-partition`.
        partition: String,
        /// How far the replay has come.
        position: i64,
        /// Where the partition ends.
        end: i64,
    },
    /// Letters cannot be read.
    #[error("dead letters cannot be read: `{partition}` at offset {offset}: {reason}")]
    Unreadable {
        /// The partition, as `topic-partition`.
        partition: String,
        /// Where reading should go on; -1 if nobody knows.
        offset: i64,
        /// Why not.
        reason: String,
    },
    /// Another run of the same id has taken over.
    #[error("another run of replay `{id}` has taken over: it goes on where this one has stopped")]
    TakenOver {
        /// The id.
        id: String,
    },
    /// Records could not be sent.
    #[error("replay `{id}` stops before {letter}: {source}")]
    NotSent {
        /// The id.
        id: String,
        /// The letter that it goes on with, as `topic-partition@offset`.
        letter: String,
        /// Why not.
        source: TransactionError,
    },
    /// The application's template sends to no broker.
    #[error("dead letters are replayed by a broker: this template records what it sends")]
    NoBroker,
    /// A line of an import is damaged.
    #[error("line {number} is no dead letter: {reason}")]
    Line {
        /// Which line, from 1.
        number: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The letter of a line of an import could not be sent.
    #[error("the letter of line {number} is not sent: {source}")]
    Import {
        /// Which line, from 1.
        number: u64,
        /// Why not.
        source: SendError,
    },
    /// Lines cannot be read or written.
    #[error("lines of dead letters: {0}")]
    Io(#[from] std::io::Error),
    /// An administrative request failed.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// librdkafka refused something.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The program is at its end.
    #[error("the runtime stops: the replay goes on with another run")]
    Stopped,
}

impl ReplayError {
    pub(super) fn unreadable(span: &Span, reason: String) -> Self {
        Self::Unreadable {
            partition: format!("{}-{}", span.topic, span.partition),
            offset: span.from,
            reason,
        }
    }

    /// Whether another run of the same id may come further.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Unreadable { .. } | Self::Client(_) | Self::Stopped => true,
            Self::NotSent { source, .. } => source.is_retriable() || source.maybe_committed(),
            Self::Import { source, .. } => source.is_retriable(),
            Self::Id { .. }
            | Self::UnknownTopic { .. }
            | Self::Beyond { .. }
            | Self::TakenOver { .. }
            | Self::NoBroker
            | Self::Line { .. }
            | Self::Io(_)
            | Self::Admin(_) => false,
        }
    }
}

fn of(letter: Option<&str>) -> String {
    letter
        .map(|letter| format!(", where the record of letter {letter} would go"))
        .unwrap_or_default()
}
