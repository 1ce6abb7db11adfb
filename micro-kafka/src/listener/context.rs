//! What a handler's arguments may be taken from, beside the record.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::mpsc;

use super::ack::{AckToken, LateAcknowledgment, Verdict};
use super::cancel::CancelSignal;
use super::health::ConsumerStatus;
use super::partition_control::ConsumerLine;
use super::reply::SendTo;
use super::transactional::Outboxes;
use crate::codec::PayloadLimits;
use crate::error::RetryTopics;

/// The values given to `KafkaApp::builder().state(…)`, by type.
#[derive(Default)]
// A handful, looked up for each record: going through them takes less than a hash.
pub struct States(Vec<(TypeId, Box<dyn Any + Send + Sync>)>);

impl States {
    /// Adds a value; one of the same type is replaced.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        let of = TypeId::of::<T>();
        self.0.retain(|(other, _)| *other != of);
        self.0.push((of, Box::new(value)));
    }

    /// The value of that type.
    #[must_use]
    #[inline]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        let of = TypeId::of::<T>();
        let (_, value) = self.0.iter().find(|(other, _)| *other == of)?;
        value.downcast_ref()
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States({})", self.0.len())
    }
}

/// What all consumers of a listener share.
#[derive(Debug)]
pub struct ListenerContext {
    /// The listener's id.
    pub id: Arc<str>,
    /// The consumer group as the broker knows it, namespace included.
    pub group_id: Arc<str>,
    /// The prefix of all topics and groups, dot included; empty if there is none.
    pub namespace: Arc<str>,
    /// The application's values.
    pub states: Arc<States>,
    /// Where what its handler returns goes.
    pub send_to: Option<SendTo>,
    /// A text that its handler may take.
    pub info: Option<Arc<str>>,
    /// Its retry topics, if it has some; the same for those who read them.
    pub retry_topics: Option<Arc<RetryTopics>>,
}

impl ListenerContext {
    /// The listener's id; for the reader of retry topics, that of the listener whose they are.
    #[must_use]
    pub fn main_id(&self) -> &str {
        match &self.retry_topics {
            Some(topics) => topics.listener(),
            None => &self.id,
        }
    }
}

/// What all deliveries of one consumer thread share.
#[derive(Debug)]
pub struct ConsumerContext {
    /// The listener.
    pub listener: Arc<ListenerContext>,
    /// Where acknowledgements go: the consumer's own loop.
    acks: mpsc::UnboundedSender<(AckToken, Verdict)>,
    status: Arc<ConsumerStatus>,
    /// Another one for each consumer of the process.
    pub(crate) serial: u32,
    /// What is called off.
    pub(crate) cancel: CancelSignal,
    /// What handlers may ask for their partition, if there is a consumer.
    pub(crate) line: Option<ConsumerLine>,
    /// Where the records of a transactional listener's handlers wait.
    pub(crate) outboxes: Option<Arc<Outboxes>>,
    /// How large and how deep its payloads may be.
    pub(crate) limits: PayloadLimits,
}

impl ConsumerContext {
    /// Without a loop: deliveries of slot 0 and epoch 0 are never late.
    pub(crate) fn new(
        listener: Arc<ListenerContext>,
        acks: mpsc::UnboundedSender<(AckToken, Verdict)>,
    ) -> Self {
        let status = ConsumerStatus::default();
        status.set_epoch(0, 0);
        Self::of(listener, acks, Arc::new(status))
    }

    pub(super) fn of(
        listener: Arc<ListenerContext>,
        acks: mpsc::UnboundedSender<(AckToken, Verdict)>,
        status: Arc<ConsumerStatus>,
    ) -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        Self {
            listener,
            acks,
            status,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            cancel: CancelSignal::default(),
            line: None,
            outboxes: None,
            limits: PayloadLimits::default(),
        }
    }

    /// Tells that epoch of this consumer from all others of the process.
    pub(crate) fn epoch_of(&self, epoch: u32) -> u64 {
        u64::from(self.serial) << 32 | u64::from(epoch)
    }

    /// The same with other limits of payloads.
    pub(crate) fn within(mut self, limits: PayloadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with a way for handlers to ask for something.
    pub(super) fn with_line(mut self, line: Option<ConsumerLine>) -> Self {
        self.line = line;
        self
    }

    /// The same with places for what handlers send in their transactions.
    pub(super) fn with_outboxes(mut self, outboxes: Option<&Arc<Outboxes>>) -> Self {
        self.outboxes = outboxes.cloned();
        self
    }

    /// Tells the loop what a handler says of a record.
    pub(crate) fn settle(
        &self,
        token: AckToken,
        verdict: Verdict,
    ) -> Result<(), LateAcknowledgment> {
        // The loop is gone only if its consumer is.
        if self.status.is_current(token) && self.acks.send((token, verdict)).is_ok() {
            return Ok(());
        }
        Err(LateAcknowledgment {
            record: self.status.place(token.slot, token.offset),
        })
    }
}
