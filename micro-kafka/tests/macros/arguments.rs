//! Every argument arrives as it was sent.

use std::fmt::Display;
use std::sync::{Arc, Mutex};

use micro_kafka::__private::v1::Detached;
use micro_kafka::listener::States;
use micro_kafka::prelude::*;
use micro_kafka::record::{OwnedHeader, OwnedRecord, Timestamp};

use crate::support::{deliver, record};

/// What the handlers saw.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, text: impl Display) {
        self.0.lock().unwrap().push(format!("{text}"));
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().join(" ")
    }
}

/// What the listener notes of that record, at that attempt.
fn seen_at(id: &str, record: OwnedRecord, attempt: u32) -> String {
    let seen = Seen::default();
    let mut states = States::default();
    states.insert(seen.clone());
    let detached = Detached::new(id, "shop.", states);
    deliver(id, detached.delivery(record, attempt)).unwrap();
    seen.text()
}

fn seen(id: &str, record: OwnedRecord) -> String {
    seen_at(id, record, 1)
}

#[derive(Debug, Deserialize)]
struct Order {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct OrderRef<'a> {
    customer: &'a str,
}

#[kafka_listener(topics = "orders")]
async fn takes_json(Json(order): Json<Order>, State(seen): State<Seen>) {
    seen.note(order.id);
}

#[kafka_listener(topics = "orders")]
async fn takes_borrowed_json(order: Json<OrderRef<'_>>, State(seen): State<Seen>) {
    std::future::ready(()).await;
    seen.note(order.0.customer);
}

#[kafka_listener(topics = "orders")]
async fn takes_named_lifetime<'a>(
    Json(order): Json<OrderRef<'a>>,
    Key(key): Key<Option<&'a str>>,
    State(seen): State<Seen>,
) {
    let longest: &'a str = key.unwrap_or(order.customer);
    seen.note(longest);
}

#[kafka_listener(topics = "orders")]
async fn takes_text(Text(text): Text<&str>, State(seen): State<Seen>) {
    seen.note(text);
}

#[kafka_listener(topics = "orders")]
async fn takes_owned_text(Text(text): Text, State(seen): State<Seen>) {
    seen.note(text);
}

#[kafka_listener(topics = "orders")]
async fn takes_bytes(Bytes(bytes): Bytes<&[u8]>, State(seen): State<Seen>) {
    seen.note(format!("{bytes:?}"));
}

#[kafka_listener(topics = "orders")]
async fn takes_plain_bytes(bytes: &[u8], State(seen): State<Seen>) {
    seen.note(format!("{bytes:?}"));
}

#[kafka_listener(topics = "orders")]
async fn takes_plain_text(text: &str, State(seen): State<Seen>) {
    seen.note(text);
}

#[kafka_listener(topics = "orders")]
async fn takes_tombstones(order: Option<Json<Order>>, State(seen): State<Seen>) {
    seen.note(order.map_or("tombstone".to_owned(), |Json(order)| order.id.to_string()));
}

#[kafka_listener(topics = "orders")]
async fn takes_text_key(Key(key): Key<&str>, State(seen): State<Seen>) {
    seen.note(key);
}

#[kafka_listener(topics = "orders")]
async fn takes_number_key(Key(key): Key<i64>, State(seen): State<Seen>) {
    seen.note(key);
}

#[kafka_listener(topics = "orders")]
async fn takes_null_key(key: Key<Option<Vec<u8>>>, State(seen): State<Seen>) {
    seen.note(format!("{:?}", key.0));
}

#[kafka_listener(topics = "orders")]
async fn takes_named_headers(
    #[header("source")] Header(source): Header<&str>,
    #[header("source")] bare: &str,
    #[header("partition")] partition: Header<i32>,
    #[header("missing")] missing: Option<Header<&str>>,
    #[header("missing")] also_missing: Header<Option<i64>>,
    State(seen): State<Seen>,
) {
    seen.note(format!(
        "{source} {bare} {} {missing:?} {also_missing:?}",
        partition.0
    ));
}

#[kafka_listener(topics = "orders")]
async fn takes_all_headers(headers: Headers<'_>, State(seen): State<Seen>) {
    for header in headers {
        seen.note(format!("{}={:?}", header.name(), header.value));
    }
}

#[kafka_listener(topics = "orders")]
async fn takes_meta(meta: Meta, State(seen): State<Seen>) {
    seen.note(format!("{meta} {} {:?}", meta.topic(), meta.timestamp()));
}

#[kafka_listener(topics = "orders")]
async fn takes_the_record(record: &Record, copy: Record, State(seen): State<Seen>) {
    assert_eq!(record.to_owned_record(), copy.to_owned_record());
    assert_ne!(
        record.payload().unwrap().as_ptr(),
        copy.payload().unwrap().as_ptr()
    );
    seen.note(format!("{} {:?}", copy.topic(), copy.payload()));
}

#[kafka_listener(topics = "orders")]
async fn takes_attempt(attempt: Attempt, State(seen): State<Seen>) {
    seen.note(format!(
        "{attempt} {} {}",
        attempt.number(),
        attempt.is_first()
    ));
}

#[kafka_listener(topics = "orders", ack_mode = "manual")]
async fn takes_acknowledgment(ack: Acknowledgment) {
    std::thread::spawn(|| ack.acknowledge()).join().unwrap();
}

#[test]
fn payloads_are_read_in_every_form() {
    let order = || record(Some(br#"{"id":7,"customer":"c1"}"#));
    assert_eq!(seen("takes_json", order()), "7");
    assert_eq!(seen("takes_borrowed_json", order()), "c1");
    assert_eq!(seen("takes_named_lifetime", order()), "c1");
    for id in ["takes_text", "takes_owned_text", "takes_plain_text"] {
        assert_eq!(seen(id, record(Some("Köln".as_bytes()))), "Köln");
    }
    for id in ["takes_bytes", "takes_plain_bytes"] {
        assert_eq!(seen(id, record(Some(&[0, 255]))), "[0, 255]");
    }
}

#[test]
fn only_a_null_payload_is_a_tombstone() {
    assert_eq!(seen("takes_tombstones", record(Some(br#"{"id":7}"#))), "7");
    assert_eq!(seen("takes_tombstones", record(None)), "tombstone");
    assert_eq!(seen("takes_plain_bytes", record(Some(b""))), "[]");
}

#[test]
fn keys_are_read_as_kafkas_serializers_write_them() {
    let keyed = |key: &[u8]| OwnedRecord {
        key: Some(key.into()),
        ..record(None)
    };
    assert_eq!(seen("takes_text_key", keyed(b"c1")), "c1");
    let number = (-7_i64).to_be_bytes();
    assert_eq!(seen("takes_number_key", keyed(&number)), "-7");
    assert_eq!(seen("takes_null_key", keyed(b"a")), "Some([97])");
    assert_eq!(seen("takes_null_key", record(None)), "None");
}

#[test]
fn the_last_header_of_a_name_counts_and_all_come_in_order() {
    let record = OwnedRecord {
        headers: vec![
            OwnedHeader::new("source", "old"),
            OwnedHeader::new("partition", 5_i32.to_be_bytes()),
            OwnedHeader::new("source", "web"),
            OwnedHeader {
                name: b"null".into(),
                value: None,
            },
        ],
        ..record(None)
    };
    assert_eq!(
        seen("takes_named_headers", record.clone()),
        "web web 5 None Header(None)"
    );
    assert_eq!(
        seen("takes_all_headers", record),
        "source=Some([111, 108, 100]) partition=Some([0, 0, 0, 5]) source=Some([119, 101, 98]) null=None"
    );
}

#[test]
fn meta_names_the_topic_without_the_namespace() {
    let mut record = record(None);
    record.timestamp = Timestamp::CreateTime(9);
    assert_eq!(
        seen("takes_meta", record.clone()),
        "orders-3@42 orders CreateTime(9)"
    );
    record.topic = "shop.orders".into();
    assert_eq!(
        seen("takes_meta", record),
        "orders-3@42 orders CreateTime(9)"
    );
}

#[test]
fn a_record_comes_in_place_and_as_a_copy() {
    let record = record(Some(b"x"));
    assert_eq!(seen("takes_the_record", record), "orders Some([120])");
}

#[test]
fn the_attempt_counts_from_one() {
    assert_eq!(seen_at("takes_attempt", record(None), 1), "1 1 true");
    assert_eq!(seen_at("takes_attempt", record(None), 3), "3 3 false");
}

#[test]
fn an_acknowledgment_reaches_the_consumer_from_another_thread() {
    let mut detached = Detached::new("takes_acknowledgment", "", States::default());
    assert_eq!(detached.acknowledged(), None);
    deliver("takes_acknowledgment", detached.delivery(record(None), 1)).unwrap();
    assert_eq!(detached.acknowledged(), Some(42));
    assert_eq!(detached.acknowledged(), None);
}
