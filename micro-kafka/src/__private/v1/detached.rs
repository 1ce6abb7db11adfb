//! Deliveries without a consumer, for tests of handlers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::codec::PayloadLimits;
use crate::listener::{AckToken, ConsumerContext, Delivery, ListenerContext, States, Verdict};
use crate::record::Record;

/// A listener without a consumer: makes deliveries, and hears their acknowledgements.
#[derive(Debug)]
pub struct Detached {
    consumer: Arc<ConsumerContext>,
    acks: mpsc::UnboundedReceiver<(AckToken, Verdict)>,
}

impl Detached {
    /// A listener in a namespace (dot included, or empty) with these values.
    #[must_use]
    pub fn new(id: &str, namespace: &str, states: States) -> Self {
        Self::of(ListenerContext {
            id: id.into(),
            group_id: format!("{namespace}{id}").into(),
            namespace: namespace.into(),
            states: Arc::new(states),
            send_to: None,
            info: None,
            retry_topics: None,
        })
    }

    /// This listener.
    #[must_use]
    pub fn of(listener: ListenerContext) -> Self {
        let (sender, acks) = mpsc::unbounded_channel();
        let consumer = ConsumerContext::new(Arc::new(listener), sender);
        Self {
            consumer: Arc::new(consumer),
            acks,
        }
    }

    /// The same with other limits of payloads.
    #[must_use]
    pub(crate) fn within(mut self, limits: PayloadLimits) -> Self {
        if let Some(consumer) = Arc::get_mut(&mut self.consumer) {
            consumer.limits = limits;
        }
        self
    }

    /// A delivery of that record, the attempt counted from 1.
    #[must_use]
    pub fn delivery(&self, record: impl Into<Record>, attempt: u32) -> Delivery {
        let record = record.into();
        let token = AckToken {
            slot: 0,
            epoch: 0,
            offset: record.offset(),
            lane: 0,
        };
        let mut delivery = Delivery::new(record, Arc::clone(&self.consumer), token);
        delivery.attempt = attempt;
        delivery
    }

    /// The offset of the next record that was acknowledged.
    pub fn acknowledged(&mut self) -> Option<i64> {
        let (token, verdict) = self.acks.try_recv().ok()?;
        (verdict == Verdict::Done).then_some(token.offset)
    }

    /// What was said of the next record, by its offset: that it is done, or after which time it is
    /// to be delivered again.
    pub fn said(&mut self) -> Option<(i64, Option<Duration>)> {
        let (token, verdict) = self.acks.try_recv().ok()?;
        let again = match verdict {
            Verdict::Done => None,
            Verdict::Again(delay) => Some(delay),
        };
        Some((token.offset, again))
    }
}
