//! What cannot be read is refused with place and type, and without the value.

use micro_kafka::error::{ErrorKind, Policy};
use micro_kafka::prelude::*;
use micro_kafka::record::{OwnedHeader, OwnedRecord};

use crate::support::{chain, record, run};

/// A value that must not appear in any error.
const CANARY: &str = "4111-1111";

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "read by serde only")]
struct Payment {
    cents: u64,
    kind: Kind,
}

#[derive(Debug, Deserialize)]
enum Kind {
    Card,
    Cash,
}

#[kafka_listener(topics = "payments")]
async fn needs_json(Json(payment): Json<Payment>) {
    let _ = payment;
}

#[kafka_listener(topics = "payments")]
async fn needs_text(Text(text): Text<&str>) {
    let _ = text;
}

#[kafka_listener(topics = "payments")]
async fn needs_bytes(bytes: &[u8]) {
    let _ = bytes;
}

#[kafka_listener(topics = "payments")]
async fn needs_text_key(Key(key): Key<&str>) {
    let _ = key;
}

#[kafka_listener(topics = "payments")]
async fn needs_number_key(Key(key): Key<i64>) {
    let _ = key;
}

#[kafka_listener(topics = "payments")]
async fn needs_header(#[header("cents")] cents: Header<i32>) {
    let _ = cents;
}

#[kafka_listener(topics = "payments")]
async fn needs_state(State(state): State<Vec<u8>>) {
    let _ = state;
}

fn keyed(key: &[u8]) -> OwnedRecord {
    OwnedRecord {
        key: Some(key.into()),
        ..record(None)
    }
}

fn headed(value: Option<&[u8]>) -> OwnedRecord {
    let header = OwnedHeader {
        name: b"cents".into(),
        value: value.map(Into::into),
    };
    OwnedRecord {
        headers: vec![header],
        ..record(None)
    }
}

#[track_caller]
fn assert_refused(id: &str, record: OwnedRecord, message: &str) {
    assert_refused_as(ErrorKind::Decode, id, record, message);
}

#[track_caller]
fn assert_refused_as(kind: ErrorKind, id: &str, record: OwnedRecord, message: &str) {
    let error = run(id, record).unwrap_err();
    assert_eq!(chain(&error), message);
    assert_eq!(error.kind(), kind);
    assert_eq!(error.policy(), Policy::DeadLetter);
    for text in [chain(&error), format!("{error:?}")] {
        assert!(!text.contains("4111"), "{text} holds the value");
    }
}

#[test]
fn undecodable_json_tells_place_and_type() {
    let _ = [Kind::Card, Kind::Cash];
    let read = "the payload cannot be read as `Json<macros::rejections::Payment>`";
    for (payload, reason) in [
        (
            format!(r#"{{"cents":"{CANARY}"}}"#),
            "invalid type: string, expected u64 at line 1 column 20",
        ),
        (
            format!(r#"{{"cents":1,"kind":"{CANARY}"}}"#),
            "unknown variant, expected `Card` or `Cash` at line 1 column 29",
        ),
        (
            format!("{CANARY}{{"),
            "invalid type: integer, expected struct Payment at line 1 column 4",
        ),
        (
            r#"{"cents":1}"#.into(),
            "missing field `kind` at line 1 column 11",
        ),
        (
            String::new(),
            "EOF while parsing a value at line 1 column 0",
        ),
    ] {
        let record = record(Some(payload.as_bytes()));
        assert_refused("needs_json", record, &format!("{read}; {reason}"));
    }
}

#[test]
fn a_tombstone_is_refused_where_a_payload_is_needed() {
    let reason = "the payload is null: take `Option<…>` to accept tombstones";
    for (id, ty) in [
        ("needs_json", "Json<macros::rejections::Payment>"),
        ("needs_text", "Text<&str>"),
        ("needs_bytes", "&[u8]"),
    ] {
        let message = format!("the payload cannot be read as `{ty}`; {reason}");
        assert_refused(id, record(None), &message);
    }
}

#[test]
fn text_that_is_no_utf8_is_refused() {
    assert_refused(
        "needs_text",
        record(Some(b"4111\xff")),
        "the payload cannot be read as `Text<&str>`; not valid UTF-8 at byte 4",
    );
    assert_refused_as(
        ErrorKind::DecodeKey,
        "needs_text_key",
        keyed(b"4111\xff"),
        "the key is not a `&str`; not valid UTF-8 at byte 4",
    );
}

#[test]
fn keys_that_are_null_or_of_another_width_are_refused() {
    assert_refused_as(
        ErrorKind::DecodeKey,
        "needs_text_key",
        record(None),
        "the key is null: take `Key<Option<&str>>` to accept records without one",
    );
    assert_refused_as(
        ErrorKind::DecodeKey,
        "needs_number_key",
        keyed(CANARY.as_bytes()),
        "the key is not a `i64`; 9 bytes where 8 are needed",
    );
}

#[test]
fn headers_that_are_missing_null_or_of_another_width_are_refused() {
    let missing = "the header `cents` is missing: take `Option<Header<i32>>` to accept that";
    assert_refused("needs_header", record(None), missing);
    assert_refused("needs_header", headed(None), missing);
    assert_refused(
        "needs_header",
        headed(Some(CANARY.as_bytes())),
        "the header `cents` is not a `Header<i32>`; 9 bytes where 4 are needed",
    );
}

#[test]
fn a_missing_state_is_refused_if_boot_was_skipped() {
    assert_refused(
        "needs_state",
        record(None),
        "no value for `State<Vec<u8>>`: call `.state(…)` on the builder",
    );
}
