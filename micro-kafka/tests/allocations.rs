//! The dispatch path allocates nothing for a record whose handler need not wait.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers, too"
)]

use std::hint::black_box;

use allocation_counter::measure;
use micro_kafka::__private::v1::Detached;
use micro_kafka::listener::{Delivery, HandlerSlot, LISTENERS, States};
use micro_kafka::prelude::*;
use micro_kafka::record::{OwnedHeader, OwnedRecord};

const RECORDS: u32 = 1_000;

#[derive(Deserialize)]
struct OrderRef<'a> {
    customer: &'a str,
}

#[kafka_listener(topics = "orders")]
async fn bytes_and_key(payload: &[u8], Key(key): Key<&str>) {
    black_box((payload, key));
}

#[kafka_listener(topics = "orders", ack_mode = "manual")]
async fn everything_borrowed(
    Json(order): Json<OrderRef<'_>>,
    #[header("source")] source: Option<Header<&str>>,
    State(state): State<u64>,
    record: &Record,
    meta: Meta,
    attempt: Attempt,
    ack: Acknowledgment,
) -> Result<(), std::io::Error> {
    black_box((order.customer, source, state, record, meta, attempt));
    drop(ack);
    Ok(())
}

impl Validate for OrderRef<'_> {
    fn validate(&self, check: &mut Violations) {
        check.that(!self.customer.is_empty(), "customer", "must not be empty");
    }
}

#[kafka_listener(topics = "orders")]
async fn checked_and_told(
    order: Result<Validated<Json<OrderRef<'_>>>, DecodeError>,
    (at, headers): (Timestamp, Headers<'_>),
    cancel: Cancel,
) {
    black_box((order.is_ok(), at, headers.count(), cancel.is_cancelled()));
}

#[kafka_listener(topics = "orders")]
async fn one_owned(Text(text): Text<String>) {
    black_box(text);
}

#[kafka_listener(topics = "orders", group_id = "retried")]
#[retryable(attempts = 5, backoff = "1s..5m x4")]
async fn retried_if_it_fails(payload: &[u8]) -> Result<(), std::io::Error> {
    black_box(payload);
    Ok(())
}

fn record() -> OwnedRecord {
    OwnedRecord {
        key: Some(b"c1".into()),
        payload: Some(br#"{"customer":"c1"}"#.into()),
        headers: vec![OwnedHeader::new("source", "web")],
        ..OwnedRecord::new("shop.orders", 0, 0)
    }
}

/// Allocations per record; the delivery goes round, as in a retry.
fn allocations(id: &str) -> f64 {
    let listener = LISTENERS.iter().find(|listener| listener.id == id).unwrap();
    let mut states = States::default();
    states.insert(7_u64);
    let mut slot = HandlerSlot::default();
    let mut handle = |delivery: Delivery| {
        let Ok(finished) = (listener.invoke)(delivery, &mut slot) else {
            panic!("{id} waits");
        };
        finished.result.unwrap();
        finished.delivery
    };
    let detached = Detached::new(id, "shop.", states);
    let mut delivery = Some(handle(detached.delivery(record(), 1)));
    let counted = measure(|| {
        for _ in 0..RECORDS {
            delivery = delivery.take().map(&mut handle);
        }
    });
    assert_eq!(counted.count_current, 0, "{id} leaks");
    f64::from(u32::try_from(counted.count_total).unwrap()) / f64::from(RECORDS)
}

#[test]
fn borrowed_arguments_cost_no_allocation() {
    assert_eq!(allocations("bytes_and_key"), 0.0);
    assert_eq!(allocations("everything_borrowed"), 0.0);
    assert_eq!(allocations("checked_and_told"), 0.0);
    assert_eq!(allocations("retried_if_it_fails"), 0.0);
}

#[test]
fn an_owned_payload_costs_its_own_allocation() {
    assert_eq!(allocations("one_owned"), 1.0);
}
