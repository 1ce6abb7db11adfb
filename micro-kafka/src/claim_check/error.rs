//! What can go wrong with a claim check.

use super::ClaimName;
use crate::error::BoxError;

/// Why a payload cannot be put into its store, or got back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The store has no such object: it was removed before the record was read.
    #[error(
        "the payload `{name}` of the claim check is gone: keep objects for longer than their records"
    )]
    Missing {
        /// The object.
        name: ClaimName,
    },
    /// The object is not the one that was written.
    #[error("the payload `{name}` of the claim check is damaged: its {what} is another one")]
    Damaged {
        /// The object.
        name: ClaimName,
        /// What differs.
        what: &'static str,
    },
    /// The record says that it refers to a payload, and does not.
    #[error("the record has the header `mk-claim-check` and no reference to a payload")]
    Malformed,
    /// More bytes than the listener's `max-payload`; nothing was fetched.
    #[error(
        "the payload of the claim check has {size} bytes where at most {max} are read (`max-payload`)"
    )]
    TooLarge {
        /// How many it has.
        size: u64,
        /// How many are read.
        max: usize,
    },
    /// The store cannot be used at present.
    #[error("the store of claim checks cannot {doing}")]
    Store {
        /// What it was to do, as in `write a payload`.
        doing: &'static str,
        /// Why not.
        #[source]
        source: BoxError,
    },
}

impl ClaimError {
    /// An error of what a store was doing, as in `"write a payload"`.
    pub fn store(doing: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Store {
            doing,
            source: source.into(),
        }
    }

    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Store { .. })
    }
}
