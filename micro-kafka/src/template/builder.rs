//! One send, as it is put together.

use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::buffer::{Buffer, Span};
use super::claiming::Claiming;
use super::delayed::Postponing;
use super::future::{DeliveryFuture, QueueFuture, SendFuture};
use super::hooks::{Hooks, Interceptors};
use super::interceptor::OutboundRecord;
use super::recorder::{Answer, RecordedTopic, Route};
use super::{ErrorHook, SendError};
use crate::claim_check::CLAIM_CHECK;
use crate::client::{Core, ErrorCode, KeyHash, Outgoing, Topic, Undelivered};
use crate::codec::{EncodeError, LatePayload, PayloadTarget, ToPayload, Written};
use crate::observe::AttemptTrace;
use crate::record::{OwnedHeader, OwnedRecord, Timestamp};

/// librdkafka's word for "the partitioner decides".
const ANY_PARTITION: i32 = -1;

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
                    let mut record = Encoded::new(topic, buffer, false);
                    let hook = hooks.errors.clone();
                    record.late = Some(Box::new(Late { payload, hook }));
                    record
                }
                Err(source) => return Err(unwritten(&topic, source)),
            };
            for (name, value) in headers {
                record.add_header(name.as_bytes(), Some(&value));
            }
            record.claiming = hooks
                .claims
                .as_ref()
                .map(|writer| Claiming::new(writer, hooks));
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

fn unwritten(topic: &Route, source: EncodeError) -> SendError {
    SendError::Serialization {
        topic: Arc::clone(topic.name()),
        source,
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

/// A record in its final bytes.
#[derive(Debug)]
pub(super) struct Encoded {
    topic: Route,
    buffer: Buffer,
    payload: Option<Span>,
    key: Option<Span>,
    headers: Vec<(Span, Option<Span>)>,
    partition: i32,
    timestamp: Option<i64>,
    /// The payload, where it is not known yet.
    late: Option<Box<Late>>,
    /// Whether and how it goes to a store, if it is large.
    claiming: Option<Box<Claiming>>,
}

/// A payload that is not known yet.
#[derive(Debug)]
struct Late {
    payload: LatePayload,
    /// Who is told of its failure if nobody waits.
    hook: ErrorHook,
}

impl Encoded {
    pub(super) fn new(topic: Route, buffer: Buffer, has_payload: bool) -> Self {
        let all = Span {
            start: 0,
            end: buffer.len(),
        };
        Self {
            topic,
            buffer,
            payload: has_payload.then_some(all),
            key: None,
            headers: Vec::new(),
            partition: ANY_PARTITION,
            timestamp: None,
            late: None,
            claiming: None,
        }
    }

    /// Ready once the payload is known; at once, nearly always.
    pub(super) fn poll_payload(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        let Some(late) = &mut self.late else {
            return self.poll_claim(context);
        };
        let Poll::Ready(written) = Pin::new(&mut late.payload).poll(context) else {
            return Poll::Pending;
        };
        self.late = None;
        match written {
            Ok(bytes) => self.payload = Some(self.buffer.append(&bytes)),
            Err(source) => return Poll::Ready(Err(unwritten(&self.topic, source))),
        }
        self.poll_claim(context)
    }

    /// Ready once a large payload is in its store, and the record refers to it.
    fn poll_claim(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let Some(claiming) = &mut self.claiming else {
            return Poll::Ready(Ok(()));
        };
        let payload = self.payload.map(|payload| self.buffer.get(payload));
        match claiming.poll(payload, context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                self.claiming = None;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Some(Ok(reference))) => {
                self.claiming = None;
                self.refer(&reference);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Some(Err(source))) => Poll::Ready(Err(SendError::ClaimCheck {
                topic: Arc::clone(self.topic.name()),
                source,
            })),
        }
    }

    /// Puts a reference in the payload's place.
    fn refer(&mut self, reference: &[u8]) {
        let large = std::mem::replace(&mut self.buffer, Buffer::take());
        let mut copy = |span: Span| self.buffer.append(large.get(span));
        self.key = self.key.map(&mut copy);
        for (name, value) in &mut self.headers {
            *name = copy(*name);
            *value = value.map(&mut copy);
        }
        self.payload = Some(self.buffer.append(reference));
        self.add_header(CLAIM_CHECK.as_bytes(), Some(b"1"));
    }

    /// What decides whether the payload goes to a store.
    pub(super) fn take_claiming(&mut self) -> Option<Box<Claiming>> {
        self.claiming.take()
    }

    pub(super) fn set_claiming(&mut self, claiming: Option<Box<Claiming>>) {
        self.claiming = claiming;
    }

    /// Whether its payload cannot be sent at once.
    fn waits(&self) -> bool {
        let payload = || self.payload().unwrap_or_default();
        let large = |claiming: &Claiming| claiming.wants(payload());
        self.late.is_some() || self.claiming.as_deref().is_some_and(large)
    }

    /// Sends once the payload is known.
    fn detach_late(mut self) {
        let late = self.late.as_ref().map(|late| &late.hook);
        let claiming = || self.claiming.as_ref().map(|claiming| claiming.hook());
        let Some(hook) = late.or_else(claiming).cloned() else {
            return;
        };
        let sending = async move {
            match poll_fn(|context| self.poll_payload(context)).await {
                Ok(()) => self.enqueue_detached(),
                Err(error) => hook.call(&error),
            }
        };
        // Outside of a runtime nothing can be fetched either.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(sending)),
            Err(_) => {
                tracing::error!(
                    "a detached record outside of a runtime cannot wait for its schema or store"
                )
            }
        }
    }

    pub(super) fn route(&self) -> &Route {
        &self.topic
    }

    pub(super) fn set_key(&mut self, key: &[u8]) {
        self.key = Some(self.buffer.append(key));
    }

    pub(super) fn timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    /// The topic as the broker knows it.
    pub(super) fn topic_name(&self) -> &Arc<str> {
        self.topic.name()
    }

    /// What is shared by all sends to the broker; `None` with a recorder.
    pub(super) fn core(&self) -> Option<&Core> {
        match &self.topic {
            Route::Broker(topic) => Some(topic.core()),
            Route::Recorder(_) => None,
        }
    }

    /// Whether nobody waits before it.
    pub(super) fn goes_at_once(&self) -> bool {
        self.core()
            .is_none_or(|core| core.is_closed() || (core.waiters().is_empty() && core.has_room()))
    }

    pub(super) fn key(&self) -> Option<&[u8]> {
        self.key.map(|key| self.buffer.get(key))
    }

    pub(super) fn payload(&self) -> Option<&[u8]> {
        self.payload.map(|payload| self.buffer.get(payload))
    }

    pub(super) fn partition(&self) -> Option<i32> {
        (self.partition != ANY_PARTITION).then_some(self.partition)
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.headers.iter().map(|(name, value)| {
            let value = value.map(|value| self.buffer.get(value));
            (self.buffer.get(*name), value)
        })
    }

    pub(super) fn add_header(&mut self, name: &[u8], value: Option<&[u8]>) {
        let name = self.buffer.append(name);
        let value = value.map(|value| self.buffer.append(value));
        self.headers.push((name, value));
    }

    /// Sees to it that the record has this header once, in place of those that were copied; `false`
    /// if the program has set one itself, which stays.
    pub(super) fn replace_header(
        &mut self,
        name: &[u8],
        copied: Option<&[u8]>,
        value: &[u8],
    ) -> bool {
        let of_name = |(header, _): &(&[u8], Option<&[u8]>)| *header == name;
        let is_own = |(_, value): (&[u8], Option<&[u8]>)| value != copied;
        if self.headers().filter(of_name).any(is_own) {
            return false;
        }
        let Self {
            headers, buffer, ..
        } = self;
        headers.retain(|(header, _)| buffer.get(*header) != name);
        self.add_header(name, Some(value));
        true
    }

    fn outgoing(&self) -> Outgoing<'_, impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)>> {
        let bytes = |span: Option<Span>| span.map(|span| self.buffer.get(span));
        Outgoing {
            partition: self.partition,
            timestamp: self.timestamp,
            key: bytes(self.key),
            payload: bytes(self.payload),
            headers: self
                .headers
                .iter()
                .map(move |(name, value)| (self.buffer.get(*name), bytes(*value))),
        }
    }

    pub(super) fn enqueue(&self) -> Result<DeliveryFuture, SendError> {
        match &self.topic {
            Route::Broker(topic) => match self.fitting(topic)?.queue(self.outgoing()) {
                Ok(receipt) => Ok(receipt.into()),
                Err(code) => Err(self.refused(topic, code).into()),
            },
            Route::Recorder(topic) => Ok(self.record(topic).into()),
        }
    }

    /// Queues a record whose failed delivery goes to the producer's hook.
    pub(super) fn enqueue_unawaited(&self) -> Result<(), SendError> {
        match &self.topic {
            Route::Broker(topic) => {
                let queued = self.fitting(topic)?.queue_detached(self.outgoing());
                queued.map_err(|code| self.refused(topic, code).into())
            }
            Route::Recorder(topic) => self
                .record(topic)
                .take()
                .map_or(Ok(()), |sent| sent.map(drop)),
        }
    }

    /// The topic, if the record is not too large for it.
    fn fitting<'t>(&self, topic: &'t Topic) -> Result<&'t Topic, SendError> {
        let Some(limit) = topic.exceeded(self.buffer.len()) else {
            return Ok(topic);
        };
        let Undelivered {
            topic, key_hash, ..
        } = self.refused(topic, ErrorCode::TOO_LARGE);
        Err(SendError::TooLarge {
            topic,
            key_hash,
            limit: Some(limit),
        })
    }

    fn enqueue_detached(&self) {
        match &self.topic {
            Route::Broker(topic) => {
                if let Err(code) = topic.queue_detached(self.outgoing()) {
                    topic.core().hook().call(self.refused(topic, code));
                }
            }
            Route::Recorder(topic) => drop(self.record(topic)),
        }
    }

    fn record(&self, topic: &RecordedTopic) -> Answer {
        let outgoing = self.outgoing();
        let mut record = OwnedRecord::new(&*topic.name, outgoing.partition, -1);
        record.key = outgoing.key.map(Into::into);
        record.payload = outgoing.payload.map(Into::into);
        if let Some(millis) = outgoing.timestamp {
            record.timestamp = Timestamp::CreateTime(millis);
        }
        let header = |(name, value): (&[u8], Option<&[u8]>)| OwnedHeader {
            name: name.into(),
            value: value.map(Into::into),
        };
        record.headers = outgoing.headers.map(header).collect();
        Answer::new(topic.recorder.record(record), topic.hook.clone())
    }

    pub(super) fn key_hash(&self) -> Option<KeyHash> {
        self.key.map(|key| KeyHash::of(self.buffer.get(key)))
    }

    /// Tells the producer's listener of a record that the local queue does not take. One that finds
    /// no room is tried again.
    fn refused(&self, topic: &Topic, code: ErrorCode) -> Undelivered {
        if code != ErrorCode::QUEUE_FULL {
            topic.tell_listener(self.undelivered(topic, code));
        }
        self.undelivered(topic, code)
    }

    fn undelivered(&self, topic: &Topic, code: ErrorCode) -> Undelivered {
        Undelivered {
            topic: Arc::clone(topic.name()),
            code,
            partition: self.partition,
            key_hash: self.key_hash(),
            maybe_stored: false,
            reason: topic.core().fatal_reason_of(code),
        }
    }
}
