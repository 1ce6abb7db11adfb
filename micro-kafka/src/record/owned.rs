//! A record that owns its bytes.

use super::{HeaderRef, Headers, Timestamp};

/// One header that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedHeader {
    /// The name's bytes.
    pub name: Vec<u8>,
    /// The value's bytes; `None` where it is null.
    pub value: Option<Vec<u8>>,
}

impl OwnedHeader {
    /// A header with a value.
    #[must_use]
    pub fn new(name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            value: Some(value.into()),
        }
    }
}

impl From<HeaderRef<'_>> for OwnedHeader {
    fn from(header: HeaderRef<'_>) -> Self {
        Self {
            name: header.raw_name.into(),
            value: header.value.map(Into::into),
        }
    }
}

/// A record that owns its bytes: for tests, dead letters and whatever outlives its consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    /// The topic's name as the broker knows it.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// The offset within the partition.
    pub offset: i64,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The payload's bytes; `None` for a tombstone.
    pub payload: Option<Vec<u8>>,
    /// When the record was made.
    pub timestamp: Timestamp,
    /// The headers in order.
    pub headers: Vec<OwnedHeader>,
}

impl OwnedRecord {
    /// A record with a payload and nothing else.
    #[must_use]
    pub fn new(topic: impl Into<String>, partition: i32, offset: i64) -> Self {
        Self {
            topic: topic.into(),
            partition,
            offset,
            key: None,
            payload: None,
            timestamp: Timestamp::NotAvailable,
            headers: Vec::new(),
        }
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    pub(super) fn partition(&self) -> i32 {
        self.partition
    }

    pub(super) fn offset(&self) -> i64 {
        self.offset
    }

    pub(super) fn key(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }

    pub(super) fn payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    pub(super) fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    pub(super) fn headers(&self) -> Headers<'_> {
        Headers::owned(&self.headers)
    }
}
