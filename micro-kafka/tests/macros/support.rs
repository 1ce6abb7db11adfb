//! Runs generated listeners on deliveries made by hand.

use std::error::Error;

use micro_kafka::__private::v1::Detached;
use micro_kafka::error::ListenerError;
use micro_kafka::listener::{Delivery, HandlerSlot, LISTENERS, ListenerDef, States};
use micro_kafka::record::OwnedRecord;

/// The definition of the listener with that id.
pub(crate) fn listener(id: &str) -> &'static ListenerDef {
    let mut found = LISTENERS.iter().filter(|listener| listener.id == id);
    let listener = found.next().unwrap_or_else(|| panic!("no listener {id}"));
    assert!(found.next().is_none(), "several listeners {id}");
    listener
}

/// A record of topic `orders`, partition 3, offset 42.
pub(crate) fn record(payload: Option<&[u8]>) -> OwnedRecord {
    OwnedRecord {
        payload: payload.map(Into::into),
        ..OwnedRecord::new("orders", 3, 42)
    }
}

/// The outcome of a listener that never waits.
pub(crate) fn run(id: &str, record: OwnedRecord) -> Result<(), ListenerError> {
    let detached = Detached::new(id, "", States::default());
    deliver(id, detached.delivery(record, 1))
}

/// The outcome of a listener that never waits; checks that the delivery comes back.
pub(crate) fn deliver(id: &str, delivery: Delivery) -> Result<(), ListenerError> {
    let offset = delivery.record().offset();
    match (listener(id).invoke)(delivery, &mut HandlerSlot::default()) {
        Ok(finished) => {
            assert_eq!(finished.delivery.record().offset(), offset);
            finished.result
        }
        Err(_) => panic!("{id} waits"),
    }
}

/// The error and its sources, joined as in a dead-letter header.
pub(crate) fn chain(error: &ListenerError) -> String {
    let mut text = error.to_string();
    let mut source = error.error().source();
    while let Some(error) = source {
        text = format!("{text}; {error}");
        source = Error::source(error);
    }
    text
}
