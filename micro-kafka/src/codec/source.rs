//! What a payload is read from.

use super::{Codecs, DecodeError, PayloadLimits};
use crate::listener::States;
use crate::record::{Headers, Record};

/// A record as formats see it that need more than the payload's bytes: its topic, its headers, and
/// what all payloads of the application share.
#[derive(Debug, Clone, Copy)]
pub struct PayloadSource<'r> {
    record: &'r Record,
    codecs: Shared<'r>,
    limits: PayloadLimits,
}

/// Where that is which payloads share: most formats do not look for it.
#[derive(Debug, Clone, Copy)]
enum Shared<'r> {
    Here(&'r Codecs),
    Among(&'r States),
}

impl<'r> PayloadSource<'r> {
    /// Of a record, read by that application.
    #[must_use]
    #[inline]
    pub fn new(record: &'r Record, codecs: &'r Codecs) -> Self {
        Self {
            record,
            codecs: Shared::Here(codecs),
            limits: PayloadLimits::default(),
        }
    }

    /// Of a record, read by the application of these values.
    #[inline]
    pub(crate) fn of(record: &'r Record, states: &'r States) -> Self {
        Self {
            record,
            codecs: Shared::Among(states),
            limits: PayloadLimits::default(),
        }
    }

    /// The same with other limits.
    #[must_use]
    #[inline]
    pub fn within(mut self, limits: PayloadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How large and how deep the payload may be.
    #[must_use]
    #[inline]
    pub fn limits(&self) -> PayloadLimits {
        self.limits
    }

    /// Whether the payload is within its limit of bytes.
    ///
    /// # Errors
    /// If it is not.
    #[inline]
    pub(crate) fn check_size(&self) -> Result<(), DecodeError> {
        let (size, max) = (self.payload().map_or(0, <[u8]>::len), self.limits.max_bytes);
        match size <= max {
            true => Ok(()),
            false => Err(DecodeError::TooLarge { size, max }),
        }
    }

    /// The payload's bytes; `None` for a tombstone.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> Option<&'r [u8]> {
        self.record.payload()
    }

    /// The topic as the broker knows it, namespace included.
    #[must_use]
    pub fn topic(&self) -> &'r str {
        self.record.topic()
    }

    /// The headers in their order.
    #[must_use]
    pub fn headers(&self) -> Headers<'r> {
        self.record.headers()
    }

    /// What all payloads of the application share.
    #[must_use]
    pub fn codecs(&self) -> &'r Codecs {
        match self.codecs {
            Shared::Here(codecs) => codecs,
            Shared::Among(states) => states.get().unwrap_or(Codecs::none()),
        }
    }
}
