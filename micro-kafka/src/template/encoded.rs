//! A record in its final bytes, on its way to the local queue.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::buffer::{Buffer, Span};
use super::claiming::Claiming;
use super::future::DeliveryFuture;
use super::recorder::{Answer, RecordedTopic, Route};
use super::{ErrorHook, SendError};
use crate::claim_check::CLAIM_CHECK;
use crate::client::{Core, ErrorCode, KeyHash, Outgoing, Topic, Undelivered};
use crate::codec::{EncodeError, LatePayload};
use crate::record::{OwnedHeader, OwnedRecord, Timestamp};

/// librdkafka's word for "the partitioner decides".
const ANY_PARTITION: i32 = -1;

/// A record in its final bytes.
#[derive(Debug)]
pub(super) struct Encoded {
    topic: Route,
    pub(super) buffer: Buffer,
    payload: Option<Span>,
    pub(super) key: Option<Span>,
    headers: Vec<(Span, Option<Span>)>,
    pub(super) partition: i32,
    pub(super) timestamp: Option<i64>,
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

    /// A record whose payload is not known yet; `hook` is told of its failure if nobody waits.
    pub(super) fn later(
        topic: Route,
        buffer: Buffer,
        payload: LatePayload,
        hook: ErrorHook,
    ) -> Self {
        Self {
            late: Some(Box::new(Late { payload, hook })),
            ..Self::new(topic, buffer, false)
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
    pub(super) fn waits(&self) -> bool {
        let payload = || self.payload().unwrap_or_default();
        let large = |claiming: &Claiming| claiming.wants(payload());
        self.late.is_some() || self.claiming.as_deref().is_some_and(large)
    }

    /// Sends once the payload is known.
    pub(super) fn detach_late(mut self) {
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

    pub(super) fn enqueue_detached(&self) {
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
            reason: topic.core().reason_of(code, topic.name()),
        }
    }
}

pub(super) fn unwritten(topic: &Route, source: EncodeError) -> SendError {
    SendError::Serialization {
        topic: Arc::clone(topic.name()),
        source,
    }
}
