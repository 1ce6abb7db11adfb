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
    #[error("{} records are invalid, the first at {}", .0.len(), .0.first().map_or(0, |r| r.index))]
    InvalidRecords(Vec<RecordError>),
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
}

/// A record that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordError {
    /// Its position in the batch, from 0.
    pub(crate) index: i32,
    /// What is wrong with it.
    pub(crate) fault: RecordFault,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum RecordFault {
    /// It has no key, where records are compacted by their keys.
    NoKey,
    /// Its timestamp is outside of the topic's bounds.
    Timestamp {
        /// The timestamp, in milliseconds since 1970.
        timestamp: i64,
        /// The record's offset in its request.
        offset: i64,
        /// The earliest allowed.
        min: i64,
        /// The latest allowed.
        max: i64,
    },
    /// The producer says that the broker has stamped it.
    StampedByProducer {
        /// The record's offset in its request.
        offset: i64,
        /// The timestamp, in milliseconds since 1970.
        timestamp: i64,
        /// Bytes of its key.
        key: usize,
        /// Bytes of its value.
        value: usize,
    },
}

impl RecordFault {
    /// Whether the timestamp is at fault.
    pub(crate) fn is_timestamp(&self) -> bool {
        !matches!(self, Self::NoKey)
    }

    /// The fault in Kafka's words, for a record that was sent to `partition`.
    pub(crate) fn describe(&self, partition: &str) -> String {
        match self {
            Self::NoKey => format!(
                "Compacted topic cannot accept message without key in topic partition {partition}"
            ),
            Self::Timestamp {
                timestamp,
                offset,
                min,
                max,
            } => format!(
                "Timestamp {timestamp} of message with offset {offset} is out of range. \
                 The timestamp should be within [{min}, {max}]"
            ),
            Self::StampedByProducer {
                offset,
                timestamp,
                key,
                value,
            } => format!(
                "Invalid timestamp type in message DefaultRecord(offset={offset}, \
                 timestamp={timestamp}, key={key} bytes, value={value} bytes). Producer should not \
                 set timestamp type to LogAppendTime."
            ),
        }
    }
}
