//! One send, as it is put together.

use std::future::IntoFuture;
use std::sync::Arc;

use super::buffer::{Buffer, Span};
use super::claiming::Claiming;
use super::delayed::Postponing;
use super::encoded::{Encoded, unwritten};
use super::future::{QueueFuture, SendFuture};
use super::hooks::{Hooks, Interceptors};
use super::interceptor::OutboundRecord;
use super::recorder::Route;
use super::{ErrorHook, SendError};
use crate::codec::{PayloadTarget, ToPayload, Written};
use crate::observe::AttemptTrace;

/// A record on its way: `.await` it for the broker's acknowledgement, [`SendBuilder::queue`] it
/// for the local queue's, or [`SendBuilder::detach`] it.
///
/// The payload is written when the builder is made, so the builder borrows nothing. Nothing is
/// sent before it is awaited, queued or detached.
#[derive(Debug)]
#[must_use = "nothing is sent unless it is awaited, queued or detached"]
pub struct SendBuilder {
    record: Result<Encoded, Refusal>,
    interceptors: Option<Interceptors>,
    delayed: Option<Arc<Postponing>>,
}

/// Why there is no record to send, and who is told if nobody waits.
#[derive(Debug)]
struct Refusal {
    error: SendError,
    hook: ErrorHook,
}

impl SendBuilder {
    pub(super) fn new(
        topic: Result<Route, SendError>,
        hooks: &Hooks,
        payload: &impl ToPayload,
    ) -> Self {
        let encode = |topic: Route| {
            let mut buffer = Buffer::take();
            let mut target = PayloadTarget::new(topic.name(), &hooks.codecs, &mut buffer);
            let written = payload.to_target(&mut target);
            let headers = target.into_headers();
            let mut record = match written {
                Ok(Written::Payload) => Encoded::new(topic, buffer, true),
                Ok(Written::Tombstone) => Encoded::new(topic, buffer, false),
                Ok(Written::Later(payload)) => {
                    Encoded::later(topic, buffer, payload, hooks.errors.clone())
                }
                Err(source) => return Err(unwritten(&topic, source)),
            };
            for (name, value) in headers {
                record.add_header(name.as_bytes(), Some(&value));
            }
            let claims = hooks.claims.as_ref();
            record.set_claiming(claims.map(|writer| Claiming::new(writer, hooks)));
            Ok(record)
        };
        Self::of(topic.and_then(encode), hooks)
    }

    /// A record whose payload's bytes are known.
    pub(super) fn raw(
        topic: Result<Route, SendError>,
        hooks: &Hooks,
        payload: Option<&[u8]>,
    ) -> Self {
        let copy = |topic| {
            let mut buffer = Buffer::take();
            buffer.append(payload.unwrap_or_default());
            Encoded::new(topic, buffer, payload.is_some())
        };
        Self::of(topic.map(copy), hooks)
    }

    fn of(record: Result<Encoded, SendError>, hooks: &Hooks) -> Self {
        Self {
            record: record.map_err(|error| Refusal {
                error,
                hook: hooks.errors.clone(),
            }),
            interceptors: hooks.interceptors.clone(),
            delayed: hooks.delayed.clone(),
        }
    }

    /// The record as the interceptors leave it.
    fn intercepted(mut self) -> Result<Encoded, Refusal> {
        if let Ok(record) = &mut self.record {
            AttemptTrace::with_current(|trace| {
                trace.stamp(|name, copied, value| record.replace_header(name, copied, value));
            });
        }
        if let (Ok(record), Some(interceptors)) = (&mut self.record, &self.interceptors) {
            interceptors.before_send(&mut OutboundRecord::new(record));
        }
        self.record
    }

    /// The key, which chooses the partition as a Java producer does; none by default.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        if let Ok(record) = &mut self.record {
            record.key = Some(record.buffer.append(key.as_ref()));
        }
        self
    }

    /// A key that is appended; `false` means that there is none.
    pub(super) fn key_by(mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) -> Self {
        if let Ok(record) = &mut self.record {
            let start = record.buffer.len();
            let has_key = write(&mut record.buffer);
            let end = record.buffer.len();
            record.key = has_key.then_some(Span { start, end });
        }
        self
    }

    /// The partition, whatever the key.
    pub fn partition(mut self, partition: i32) -> Self {
        if let Ok(record) = &mut self.record {
            record.partition = partition;
        }
        self
    }

    /// The record's timestamp in milliseconds since the Unix epoch; by default the present time.
    pub fn timestamp(mut self, millis: i64) -> Self {
        if let Ok(record) = &mut self.record {
            record.timestamp = Some(millis);
        }
        self
    }

    /// Adds a header; names may repeat.
    pub fn header(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.header_bytes(name.as_ref(), Some(value.as_ref()))
    }

    /// Adds headers in their order.
    pub fn headers<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        self,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        headers
            .into_iter()
            .fold(self, |builder, (name, value)| builder.header(name, value))
    }

    pub(crate) fn header_bytes(mut self, name: &[u8], value: Option<&[u8]>) -> Self {
        if let Ok(record) = &mut self.record {
            record.add_header(name, value);
        }
        self
    }

    /// The same record to another topic, its interceptors called.
    pub(super) fn turned(
        self,
        turn: impl FnOnce(Encoded, Option<&Postponing>) -> Result<Encoded, SendError>,
    ) -> Self {
        let delayed = self.delayed.clone();
        let record = self.intercepted();
        let turned = record.and_then(|record| {
            turn(record, delayed.as_deref()).map_err(|error| Refusal {
                error,
                hook: ErrorHook::default(),
            })
        });
        Self {
            record: turned,
            interceptors: None,
            delayed,
        }
    }

    /// The topic and clock of delayed sends.
    pub(super) fn postponing(&self) -> Option<&Postponing> {
        self.delayed.as_deref()
    }

    /// Waits until the local queue has taken the record, and gives the future of its delivery.
    ///
    /// When [`max_in_flight`](super::TemplateConfig::max_in_flight) records are on their way, or
    /// librdkafka's queue is full (`queue.buffering.max.messages`, `…kbytes`), it waits for room,
    /// in the order in which callers came.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the record is not sent.
    pub fn queue(self) -> QueueFuture {
        QueueFuture::new(self.intercepted().map_err(|refusal| refusal.error))
    }

    /// Sends without waiting for anything; a failure, a full queue included, goes to the
    /// template's [`ErrorHook`].
    pub fn detach(self) {
        match self.intercepted() {
            Ok(record) if record.waits() => record.detach_late(),
            Ok(record) => record.enqueue_detached(),
            Err(refusal) => refusal.hook.call(&refusal.error),
        }
    }
}

impl IntoFuture for SendBuilder {
    type Output = <SendFuture as Future>::Output;
    type IntoFuture = SendFuture;

    /// The future of the broker's acknowledgement.
    fn into_future(self) -> SendFuture {
        SendFuture::new(self.queue())
    }
}
