//! Arguments beyond payload, key and headers.

use std::fmt::Display;
use std::sync::{Arc, Mutex};

use micro_kafka::__private::v1::Detached;
use micro_kafka::codec::DecodeError;
use micro_kafka::error::{ErrorKind, ListenerError, Policy};
use micro_kafka::extract::FromRecord;
use micro_kafka::listener::{Delivery, States};
use micro_kafka::prelude::*;
use micro_kafka::record::{OwnedHeader, OwnedRecord};

use crate::support::{chain, deliver, record, run};

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, text: impl Display) {
        self.0.lock().unwrap().push(format!("{text}"));
    }
}

/// What the listener notes of that record.
fn seen(id: &str, record: OwnedRecord, attempt: u32) -> Vec<String> {
    let seen = Seen::default();
    let mut states = States::default();
    states.insert(seen.clone());
    let detached = Detached::new(id, "", states);
    deliver(id, detached.delivery(record, attempt)).unwrap();
    let seen = seen.0.lock().unwrap();
    seen.clone()
}

#[derive(Debug, Deserialize)]
struct Order<'a> {
    customer: &'a str,
    cents: i64,
}

impl Validate for Order<'_> {
    fn validate(&self, check: &mut Violations) {
        check.that(self.cents > 0, "cents", "must be positive");
    }
}

#[kafka_listener(topics = "orders")]
async fn takes_validated(
    Validated(Json(order)): Validated<Json<Order<'_>>>,
    State(seen): State<Seen>,
) {
    seen.note(order.customer);
}

#[test]
fn a_payload_against_its_rules_is_a_failure_that_tells_the_field_and_no_value() {
    let good = record(Some(br#"{"customer":"c1","cents":5}"#));
    assert_eq!(seen("takes_validated", good, 1), ["c1"]);
    let bad = record(Some(br#"{"customer":"c1","cents":-4711}"#));
    let error = run("takes_validated", bad).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.policy(), Policy::DeadLetter);
    let text = chain(&error);
    assert!(
        text.contains("not valid: `cents` must be positive"),
        "{text}"
    );
    assert!(!text.contains("4711"), "{text}");
    assert!(error.error().source().is_some());
}

#[kafka_listener(topics = "orders")]
async fn takes_optional_validated(
    order: Option<Validated<Json<Order<'_>>>>,
    State(seen): State<Seen>,
) {
    seen.note(order.is_some());
}

#[test]
fn a_tombstone_needs_no_validation() {
    assert_eq!(seen("takes_optional_validated", record(None), 1), ["false"]);
}

#[kafka_listener(topics = "orders")]
async fn takes_failures(order: Result<Json<Order<'_>>, DecodeError>, State(seen): State<Seen>) {
    match order {
        Ok(Json(order)) => seen.note(order.cents),
        Err(error) => seen.note(error),
    }
}

#[test]
fn a_handler_that_asks_for_it_is_given_what_cannot_be_read() {
    let good = record(Some(br#"{"customer":"c1","cents":5}"#));
    assert_eq!(seen("takes_failures", good, 1), ["5"]);
    let bad = record(Some(b"{}"));
    assert_eq!(
        seen("takes_failures", bad, 1),
        ["missing field `customer` at line 1 column 2"]
    );
}

#[kafka_listener(topics = "orders")]
async fn takes_time_and_attempts(at: Timestamp, attempt: Attempt, State(seen): State<Seen>) {
    seen.note(at.millis().unwrap_or(-1));
    seen.note(attempt.number());
    seen.note(attempt.non_blocking());
    seen.note(attempt.is_first());
}

#[test]
fn attempts_in_place_and_over_topics_are_told_apart() {
    let of = |topic: &str, attempt| {
        let mut record = OwnedRecord::new(topic, 0, 0);
        record.timestamp = Timestamp::CreateTime(17);
        let count = OwnedHeader::new("retry_topic-attempts", 3_i32.to_be_bytes());
        record.headers.push(count);
        seen("takes_time_and_attempts", record, attempt)
    };
    assert_eq!(of("orders-retry", 2), ["17", "2", "3", "false"]);
    assert_eq!(of("orders-retry-10", 1), ["17", "1", "3", "false"]);
    // Whoever writes to other topics is not believed.
    assert_eq!(of("orders", 1), ["17", "1", "1", "true"]);
    assert_eq!(of("orders-retryable", 1), ["17", "1", "1", "true"]);
    assert_eq!(of("orders-12", 1), ["17", "1", "1", "true"]);
}

#[kafka_listener(topics = "orders")]
async fn takes_pairs(
    (Key(key), meta): (Key<&str>, Meta),
    cancel: Cancel,
    State(seen): State<Seen>,
) {
    seen.note(key);
    seen.note(meta);
    seen.note(cancel.is_cancelled());
}

#[test]
fn several_arguments_may_be_one() {
    let record = OwnedRecord {
        key: Some(b"k".into()),
        ..record(None)
    };
    assert_eq!(
        seen("takes_pairs", record, 1),
        ["k", "orders-3@42", "false"]
    );
    let nameless = OwnedRecord::new("orders", 0, 0);
    assert!(run("takes_pairs", nameless).is_err());
}

/// An argument of this crate's own.
struct Tenant<'r>(&'r str);

#[derive(Debug, thiserror::Error)]
#[error("no tenant")]
struct NoTenant;

impl<'r> FromRecord<'r> for Tenant<'r> {
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        let header = delivery.record().headers().get("tenant");
        let name = header.and_then(|header| std::str::from_utf8(header.value?).ok());
        name.map(Self)
            .ok_or_else(|| ListenerError::decode(NoTenant))
    }
}

#[kafka_listener(topics = "orders")]
async fn takes_own_argument(Tenant(name): Tenant<'_>, State(seen): State<Seen>) {
    seen.note(name);
}

#[test]
fn an_argument_of_ones_own_borrows_from_the_record() {
    let mut mine = record(None);
    mine.headers.push(OwnedHeader::new("tenant", "acme"));
    assert_eq!(seen("takes_own_argument", mine, 1), ["acme"]);
    let error = run("takes_own_argument", record(None)).unwrap_err();
    assert_eq!(chain(&error), "no tenant");
}
