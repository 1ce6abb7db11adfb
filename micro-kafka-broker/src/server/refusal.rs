//! Requests that are not answered.

use crate::wire::{DecodeError, EncodeError};

/// Why a request is not answered but its connection closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Refusal {
    /// Too short, or a header that is none.
    #[error("a request without a valid header: {0}")]
    Header(#[source] DecodeError),
    /// A key that is not in the table.
    #[error("a request for api key {key} (version {version}), which this broker does not serve")]
    UnknownApi {
        /// The key.
        key: i16,
        /// The version.
        version: i16,
    },
    /// A version that is not served.
    #[error("{api} version {version}; served are {min} to {max}")]
    UnsupportedVersion {
        /// The API's name.
        api: &'static str,
        /// The version.
        version: i16,
        /// The oldest version served.
        min: i16,
        /// The newest version served.
        max: i16,
    },
    /// A body that is none.
    #[error("{api} version {version} could not be read: {source}")]
    Body {
        /// The API's name.
        api: &'static str,
        /// The version.
        version: i16,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The handler wants the connection closed.
    #[error("{api}: {reason}")]
    Closed {
        /// The API's name.
        api: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The answer does not fit the protocol: a fault of the handler.
    #[error("the answer to {api} could not be written: {source}")]
    Answer {
        /// The API's name.
        api: &'static str,
        /// What is wrong with it.
        source: EncodeError,
    },
}
