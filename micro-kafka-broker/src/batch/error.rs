//! Why a batch is refused.

/// Why bytes are not an acceptable record batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BatchError {
    /// The bytes end inside a batch or are no batch at all, or its CRC does not match.
    #[error("corrupt batch: {0}")]
    Corrupt(&'static str),
    /// A well-formed batch that a client may not send.
    #[error("invalid batch: {0}")]
    Invalid(&'static str),
    /// Records that are refused one by one, such as those without a key on a compacted topic.
    #[error("{reason} (records {indexes:?})")]
    InvalidRecords {
        /// Positions in the batch, from 0.
        indexes: Vec<i32>,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A batch longer than the topic's `max.message.bytes`.
    #[error("batch of {size} bytes is larger than max.message.bytes={limit}")]
    TooLarge {
        /// The batch's length in bytes.
        size: usize,
        /// The topic's limit in bytes.
        limit: usize,
    },
    /// The batch's format is older than v2.
    #[error("record format v{0} is not supported, v2 is needed")]
    UnsupportedMagic(i8),
    /// The compression codec is unknown.
    #[error("compression codec {0} is not supported")]
    UnsupportedCodec(i16),
    /// A record's timestamp is outside of the topic's bounds.
    #[error("timestamp {timestamp} is out of range [{min}, {max}]")]
    InvalidTimestamp {
        /// The batch's largest timestamp, in milliseconds since 1970.
        timestamp: i64,
        /// The earliest allowed.
        min: i64,
        /// The latest allowed.
        max: i64,
    },
}
