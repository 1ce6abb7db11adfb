//! What a payload is written to.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::{Codecs, EncodeError};

/// A record in the making, as formats see it that need more than a buffer.
#[derive(Debug)]
pub struct PayloadTarget<'t> {
    topic: &'t str,
    codecs: &'t Codecs,
    buffer: &'t mut Vec<u8>,
    headers: Vec<(Cow<'static, str>, Vec<u8>)>,
}

impl<'t> PayloadTarget<'t> {
    /// A record for that topic (as the broker knows it), its payload to be appended to `buffer`.
    #[must_use]
    pub fn new(topic: &'t str, codecs: &'t Codecs, buffer: &'t mut Vec<u8>) -> Self {
        Self {
            topic,
            codecs,
            buffer,
            headers: Vec::new(),
        }
    }

    /// The topic as the broker knows it, namespace included.
    #[must_use]
    pub fn topic(&self) -> &'t str {
        self.topic
    }

    /// What all payloads of the application share.
    #[must_use]
    pub fn codecs(&self) -> &'t Codecs {
        self.codecs
    }

    /// Where the payload's bytes go; what stands there is not to be touched.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer
    }

    /// Adds a header that tells of the payload; those of the send itself come after it.
    pub fn header(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Vec<u8>>) {
        self.headers.push((name.into(), value.into()));
    }

    /// The headers that were added.
    #[must_use]
    pub fn into_headers(self) -> Vec<(Cow<'static, str>, Vec<u8>)> {
        self.headers
    }
}

/// What writing a payload came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Written {
    /// Its bytes are in the buffer.
    Payload,
    /// It is null; nothing was appended.
    Tombstone,
    /// Its bytes depend on something that has to be fetched first; nothing was appended.
    Later(LatePayload),
}

impl From<bool> for Written {
    /// What [`ToPayload::to_payload`](super::ToPayload::to_payload) says.
    fn from(some: bool) -> Self {
        match some {
            true => Self::Payload,
            false => Self::Tombstone,
        }
    }
}

type Writing = dyn Future<Output = Result<Vec<u8>, EncodeError>> + Send + Sync;

/// Bytes of a payload that are known later: the send waits for them before it is queued.
pub struct LatePayload(Pin<Box<Writing>>);

impl LatePayload {
    /// The bytes that a future comes to.
    #[must_use]
    pub fn new(
        writing: impl Future<Output = Result<Vec<u8>, EncodeError>> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::pin(writing))
    }
}

impl Future for LatePayload {
    type Output = Result<Vec<u8>, EncodeError>;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for LatePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LatePayload")
    }
}
