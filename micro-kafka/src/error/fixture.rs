//! Deliveries and errors for the tests of this room.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Classify, Policy};
use crate::listener::{AckToken, ConsumerContext, Delivery, ListenerContext, States};
use crate::record::OwnedRecord;

pub(super) fn delivery(record: OwnedRecord, attempt: u32) -> Delivery {
    delivery_to("poison-group", record, attempt)
}

/// A delivery to a listener of that group.
pub(super) fn delivery_to(group: &str, record: OwnedRecord, attempt: u32) -> Delivery {
    let listener = ListenerContext {
        id: "charge".into(),
        group_id: group.into(),
        namespace: "".into(),
        states: Arc::new(States::default()),
        send_to: None,
        info: None,
        retry_topics: None,
    };
    let (acks, _) = mpsc::unbounded_channel();
    let token = AckToken {
        slot: 0,
        epoch: 0,
        offset: record.offset,
        lane: 0,
    };
    let consumer = Arc::new(ConsumerContext::new(Arc::new(listener), acks));
    let mut delivery = Delivery::new(record.into(), consumer, token);
    delivery.attempt = attempt;
    delivery
}

/// An error of a variant and policy of the test's choice.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("charge failed")]
pub(super) struct ChargeError {
    #[source]
    source: Cause,
    variant: &'static str,
    policy: Policy,
}

#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("gateway is busy")]
struct Cause;

impl ChargeError {
    pub(super) fn new(variant: &'static str, policy: Policy) -> Self {
        Self {
            source: Cause,
            variant,
            policy,
        }
    }
}

impl Classify for ChargeError {
    fn classify(&self) -> Policy {
        self.policy
    }

    fn variant(&self) -> &'static str {
        self.variant
    }
}
