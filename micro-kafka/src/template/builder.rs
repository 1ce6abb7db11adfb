//! One send, as it is put together.

use std::future::IntoFuture;
use std::sync::Arc;

use super::buffer::{Buffer, Span};
use super::future::{DeliveryFuture, QueueFuture, SendFuture};
use super::recorder::{Answer, RecordedTopic, Route};
use super::{ErrorHook, SendError};
use crate::client::{Core, ErrorCode, Outgoing, Topic, Undelivered};
use crate::codec::ToPayload;
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
        hook: &ErrorHook,
        payload: &impl ToPayload,
    ) -> Self {
        let encode = |topic: Route| {
            let mut buffer = Buffer::take();
            match payload.to_payload(&mut buffer) {
                Ok(some) => Ok(Encoded::new(topic, buffer, some)),
                Err(source) => Err(SendError::Serialization {
                    topic: Arc::clone(topic.name()),
                    source,
                }),
            }
        };
        Self::of(topic.and_then(encode), hook)
    }

    /// A record whose payload's bytes are known.
    pub(super) fn raw(
        topic: Result<Route, SendError>,
        hook: &ErrorHook,
        payload: Option<&[u8]>,
    ) -> Self {
        let copy = |topic| {
            let mut buffer = Buffer::take();
            buffer.append(payload.unwrap_or_default());
            Encoded::new(topic, buffer, payload.is_some())
        };
        Self::of(topic.map(copy), hook)
    }

    fn of(record: Result<Encoded, SendError>, hook: &ErrorHook) -> Self {
        Self {
            record: record.map_err(|error| Refusal {
                error,
                hook: hook.clone(),
            }),
        }
    }

    /// The key, which chooses the partition as a Java producer does; none by default.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        if let Ok(record) = &mut self.record {
            record.key = Some(record.buffer.append(key.as_ref()));
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
            let name = record.buffer.append(name);
            let value = value.map(|value| record.buffer.append(value));
            record.headers.push((name, value));
        }
        self
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
        QueueFuture::new(self.record.map_err(|refusal| refusal.error))
    }

    /// Sends without waiting for anything; a failure, a full queue included, goes to the
    /// template's [`ErrorHook`].
    pub fn detach(self) {
        match self.record {
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
}

impl Encoded {
    fn new(topic: Route, buffer: Buffer, has_payload: bool) -> Self {
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
        }
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
            Route::Broker(topic) => match topic.queue(self.outgoing()) {
                Ok(receipt) => Ok(receipt.into()),
                Err(code) => Err(self.undelivered(topic, code).into()),
            },
            Route::Recorder(topic) => Ok(self.record(topic).into()),
        }
    }

    /// Queues a record whose failed delivery goes to the producer's hook.
    pub(super) fn enqueue_unawaited(&self) -> Result<(), SendError> {
        match &self.topic {
            Route::Broker(topic) => {
                let queued = topic.queue_detached(self.outgoing());
                queued.map_err(|code| self.undelivered(topic, code).into())
            }
            Route::Recorder(topic) => self
                .record(topic)
                .take()
                .map_or(Ok(()), |sent| sent.map(drop)),
        }
    }

    fn enqueue_detached(&self) {
        match &self.topic {
            Route::Broker(topic) => {
                if let Err(code) = topic.queue_detached(self.outgoing()) {
                    topic.core().hook().call(self.undelivered(topic, code));
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

    fn undelivered(&self, topic: &Topic, code: ErrorCode) -> Undelivered {
        Undelivered {
            topic: Arc::clone(topic.name()),
            code,
            partition: self.partition,
            maybe_stored: false,
            reason: topic.core().fatal_reason_of(code),
        }
    }
}
