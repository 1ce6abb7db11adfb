//! A consumed record: one type, whether librdkafka holds its bytes or we do.

mod header;
mod owned;

use std::sync::{Arc, LazyLock};

pub use header::{HeaderRef, Headers};
pub use owned::{OwnedHeader, OwnedRecord};

use crate::client::NativeMessage;

/// When a record was made, as the broker reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timestamp {
    /// The broker told none.
    NotAvailable,
    /// Milliseconds since the Unix epoch, set by the producer.
    CreateTime(i64),
    /// Milliseconds since the Unix epoch, set by the broker when it appended the record.
    LogAppendTime(i64),
}

impl Timestamp {
    /// Milliseconds since the Unix epoch, if the broker told any.
    #[must_use]
    pub fn millis(self) -> Option<i64> {
        match self {
            Self::NotAvailable => None,
            Self::CreateTime(ms) | Self::LogAppendTime(ms) => Some(ms),
        }
    }
}

/// A record as it was consumed.
///
/// Either borrows its bytes from the consumer's fetch buffers (no copy; it keeps that buffer
/// alive) or owns them. `Clone` and [`Record::to_owned_record`] copy the bytes.
#[derive(Debug)]
pub struct Record {
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Native(NativeMessage),
    Owned(Box<OwnedRecord>),
    /// Held at several places.
    Shared(Arc<Record>),
}

macro_rules! delegate {
    ($self:ident, $message:ident => $body:expr) => {
        match &$self.bytes {
            Bytes::Native($message) => $body,
            Bytes::Owned($message) => $body,
            Bytes::Shared($message) => apart(|| $body),
        }
    };
}

/// Hardly any record is shared: with this way out of line, the others are short enough to be inlined.
#[cold]
#[inline(never)]
fn apart<T>(read: impl FnOnce() -> T) -> T {
    read()
}

impl Record {
    /// No record, in the place of one that was taken.
    pub(crate) fn none() -> Self {
        static NONE: LazyLock<Arc<Record>> =
            LazyLock::new(|| Arc::new(OwnedRecord::new("", 0, -1).into()));
        Self::shared(&NONE)
    }

    #[inline]
    pub(crate) fn from_native(message: NativeMessage) -> Self {
        Self {
            bytes: Bytes::Native(message),
        }
    }

    /// The message in the consumer's buffers, if this is one.
    #[inline]
    pub(crate) fn into_native(self) -> Option<NativeMessage> {
        match self.bytes {
            Bytes::Native(message) => Some(message),
            Bytes::Owned(_) => None,
            Bytes::Shared(record) => Arc::into_inner(record)?.into_native(),
        }
    }

    /// The topic's name as the broker knows it, namespace included.
    #[must_use]
    pub fn topic(&self) -> &str {
        delegate!(self, m => m.topic())
    }

    /// The partition's number.
    #[must_use]
    pub fn partition(&self) -> i32 {
        delegate!(self, m => m.partition())
    }

    /// The record's offset within its partition.
    #[must_use]
    #[inline]
    pub fn offset(&self) -> i64 {
        delegate!(self, m => m.offset())
    }

    /// The key's bytes; `None` where the record has no key.
    #[must_use]
    #[inline]
    pub fn key(&self) -> Option<&[u8]> {
        delegate!(self, m => m.key())
    }

    /// The payload's bytes; `None` for a tombstone.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> Option<&[u8]> {
        delegate!(self, m => m.payload())
    }

    /// When the record was made.
    #[must_use]
    #[inline]
    pub fn timestamp(&self) -> Timestamp {
        delegate!(self, m => m.timestamp())
    }

    /// The headers, in their order on the wire; names may repeat.
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        delegate!(self, m => m.headers())
    }

    /// The leader that the record was fetched from; -1 is unknown.
    #[inline]
    pub(crate) fn leader_epoch(&self) -> i32 {
        match &self.bytes {
            Bytes::Native(message) => message.leader_epoch(),
            Bytes::Owned(_) => -1,
            Bytes::Shared(record) => record.leader_epoch(),
        }
    }

    /// The same record twice: both hold the same bytes.
    pub(crate) fn share(self) -> (Self, Self) {
        let record = match self.bytes {
            Bytes::Shared(record) => record,
            Bytes::Native(_) | Bytes::Owned(_) => Arc::new(self),
        };
        (Self::shared(&record), Self::shared(&record))
    }

    fn shared(record: &Arc<Self>) -> Self {
        Self {
            bytes: Bytes::Shared(Arc::clone(record)),
        }
    }

    /// Copies the record's bytes out of the consumer's buffers.
    #[must_use]
    pub fn to_owned_record(&self) -> OwnedRecord {
        OwnedRecord {
            topic: self.topic().into(),
            partition: self.partition(),
            offset: self.offset(),
            key: self.key().map(Into::into),
            payload: self.payload().map(Into::into),
            timestamp: self.timestamp(),
            headers: self.headers().map(OwnedHeader::from).collect(),
        }
    }
}

impl From<OwnedRecord> for Record {
    fn from(record: OwnedRecord) -> Self {
        Self {
            bytes: Bytes::Owned(Box::new(record)),
        }
    }
}

impl Clone for Record {
    fn clone(&self) -> Self {
        self.to_owned_record().into()
    }
}
