//! What sees every record: before it is sent, and when its fate is known.

use std::fmt;

use super::encoded::Encoded;
use super::{SendError, SendResult};

/// Sees every record before it is queued, and may add headers: for traces, audits, origins.
pub trait ProducerInterceptor: Send + Sync {
    /// A record is about to be queued.
    fn before_send(&self, record: &mut OutboundRecord<'_>);
}

/// Is told what became of every record, awaited or not.
///
/// Runs on the producer's own thread, so it must not block.
pub trait ProducerListener: Send + Sync {
    /// The broker has stored a record.
    fn on_success(&self, stored: &SendResult) {
        let _ = stored;
    }

    /// A record was not delivered.
    fn on_error(&self, error: &SendError) {
        let _ = error;
    }
}

/// A record on its way out.
pub struct OutboundRecord<'r> {
    record: &'r mut Encoded,
}

impl<'r> OutboundRecord<'r> {
    pub(super) fn new(record: &'r mut Encoded) -> Self {
        Self { record }
    }

    /// The topic as the broker knows it, namespace included.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.record.topic_name()
    }

    /// The key's bytes.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.record.key()
    }

    /// The payload's bytes; `None` is a tombstone.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        self.record.payload()
    }

    /// The partition that was asked for, if any was.
    #[must_use]
    pub fn partition(&self) -> Option<i32> {
        self.record.partition()
    }

    /// The headers so far, in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.record.headers()
    }

    /// Adds a header; names may repeat.
    pub fn add_header(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.record.add_header(name.as_ref(), Some(value.as_ref()));
    }
}

impl fmt::Debug for OutboundRecord<'_> {
    /// Shows where it goes, not what it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundRecord")
            .field("topic", &self.topic())
            .field("partition", &self.partition())
            .finish_non_exhaustive()
    }
}
