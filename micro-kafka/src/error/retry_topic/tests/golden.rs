//! The headers of retry topics beside those that Spring Kafka 4.1.1 wrote.

use std::time::Duration;

use super::super::headers::{self, Hop, RetryHeaders, Texts};
use crate::error::fixture::{ChargeError, delivery_to};
use crate::error::{Failure, ListenerError, Policy};
use crate::record::{OwnedHeader, OwnedRecord, Record, Timestamp};

/// Names, in order, and bytes in hexadecimal; texts of exceptions, which are each language's own,
/// are left out.
type Golden = [(&'static str, Option<&'static str>)];

const EXCEPTION: [(&str, Option<&str>); 4] = [
    ("kafka_exception-fqcn", None),
    ("kafka_exception-cause-fqcn", None),
    ("kafka_exception-message", None),
    ("kafka_exception-stacktrace", None),
];
const ORIGINAL: [(&str, Option<&str>); 6] = [
    ("kafka_original-topic", Some("72323030")),
    ("kafka_original-partition", Some("00000000")),
    ("kafka_original-offset", Some("0000000000000000")),
    ("kafka_original-timestamp", Some("000001a1fb6944d1")),
    (
        "kafka_original-timestamp-type",
        Some("43726561746554696d65"),
    ),
    (
        "kafka_dlt-original-consumer-group",
        Some("723230302d67726f7570"),
    ),
];

const fn way(
    attempts: &'static str,
    due: &'static str,
) -> [(&'static str, Option<&'static str>); 3] {
    [
        ("retry_topic-original-timestamp", Some("01a1fb6944d1")),
        ("retry_topic-attempts", Some(attempts)),
        ("retry_topic-backoff-timestamp", Some(due)),
    ]
}

const SECOND: [(&str, Option<&str>); 3] = way("00000002", "01a1fb6945c7");
const THIRD: [(&str, Option<&str>); 3] = way("00000003", "01a1fb69469a");
const DEAD: [(&str, Option<&str>); 3] = way("00000004", "01a1fb694803");

/// `r200-retry-0@0`, `r200-retry-0@2` and `r200-dlt-0@0`.
fn spring() -> [Vec<(&'static str, Option<&'static str>)>; 3] {
    [
        [&EXCEPTION[..], &ORIGINAL, &SECOND].concat(),
        [&ORIGINAL[..], &SECOND, &EXCEPTION, &THIRD].concat(),
        [&ORIGINAL[..], &SECOND, &THIRD, &EXCEPTION, &DEAD].concat(),
    ]
}

fn source() -> OwnedRecord {
    let mut record = OwnedRecord::new("r200", 0, 0);
    record.key = Some(b"key-0".into());
    record.payload = Some(b"value-0".into());
    record.timestamp = Timestamp::CreateTime(0x0000_01a1_fb69_44d1);
    record
}

fn timeout() -> ListenerError {
    ListenerError::from_classified(ChargeError::new("Timeout", Policy::Inherit))
}

/// The headers of the copy of a record, due at that moment.
fn copy(record: OwnedRecord, retried: bool, due: i64) -> Vec<OwnedHeader> {
    let read = Record::from(record.clone());
    let before = match retried {
        true => RetryHeaders::read(&read),
        false => RetryHeaders::none(&read),
    };
    let delivery = delivery_to("r200-group", record, 1);
    let hop = Hop {
        before,
        retried,
        due,
        fence: None,
    };
    headers::of(&delivery, &timeout(), hop, Texts::Full)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Own headers come last; what is before them is Spring's.
fn assert_spring(headers: &[OwnedHeader], golden: &Golden, attempts: &str) {
    let (spring, own) = headers.split_at(golden.len());
    for (header, (name, value)) in spring.iter().zip(golden) {
        assert_eq!(String::from_utf8_lossy(&header.name), *name);
        if let Some(value) = value {
            assert_eq!(hex(header.value.as_deref().unwrap()), *value, "{name}");
        }
    }
    let expected = [
        OwnedHeader::new("mk-error", "Timeout"),
        OwnedHeader::new("mk-listener", "charge"),
        OwnedHeader::new("mk-attempts", attempts),
    ];
    let (named, timed) = own.split_at(expected.len());
    assert_eq!(named, expected);
    let names = ["mk-first-failure", "mk-last-failure", "mk-fingerprint"];
    let name = |header: &OwnedHeader| String::from_utf8_lossy(&header.name).into_owned();
    let first = timed.iter().take(names.len()).map(name);
    assert_eq!(first.collect::<Vec<_>>(), names);
}

#[test]
fn a_whole_chain_has_springs_names_order_and_bytes() {
    let due = [
        0x0000_01a1_fb69_45c7,
        0x0000_01a1_fb69_469a,
        0x0000_01a1_fb69_4803,
    ];
    let mut record = source();
    for (hop, (golden, due)) in spring().iter().zip(due).enumerate() {
        record.headers = copy(record.clone(), hop > 0, due);
        assert_spring(&record.headers, golden, &(hop + 1).to_string());
        (record.topic, record.offset) = ("r200-retry".into(), 7);
    }
}

/// A record of Spring's retry topic, its texts those of a Java service.
fn springs_own(golden: &Golden) -> OwnedRecord {
    let mut record = OwnedRecord::new("r200-retry", 0, 0);
    record.timestamp = Timestamp::CreateTime(1_795_219_342_704);
    for (name, value) in golden {
        let value = value.map_or_else(
            || b"java.lang.IllegalStateException".to_vec(),
            |hex| {
                let digits = (0..hex.len()).step_by(2);
                let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
                digits.map(byte).collect()
            },
        );
        record.headers.push(OwnedHeader::new(*name, value));
    }
    record
}

#[test]
fn springs_retry_records_are_read_and_carried_on() {
    let [first, second, dead] = spring();
    let read = RetryHeaders::read(&springs_own(&first).into());
    assert_eq!(read.attempts, 2);
    assert_eq!(read.due, Some(Duration::from_millis(0x0000_01a1_fb69_45c7)));
    assert_eq!(read.first_sent, Some(0x0000_01a1_fb69_44d1));
    // Of several values the last one counts.
    assert_eq!(RetryHeaders::read(&springs_own(&second).into()).attempts, 3);
    // A Java service failed first, we failed next: the same record as if Spring had written both.
    let mixed = copy(springs_own(&first), true, 0x0000_01a1_fb69_469a);
    assert_spring(&mixed, &second, "2");
    let mixed = copy(springs_own(&second), true, 0x0000_01a1_fb69_4803);
    assert_spring(&mixed, &dead, "3");
    let failure = Failure::from_record(&springs_own(&dead).into()).unwrap();
    assert_eq!((&*failure.topic, failure.offset), ("r200", 0));
    assert_eq!(failure.error, "IllegalStateException");
    assert_eq!(failure.attempts, Some(3));
}

/// Spring copies all headers, replaces its own of the failure and appends those of the way.
#[test]
fn a_letter_that_spring_wrote_after_our_failure_tells_springs() {
    let [_, second, dead] = spring();
    let mut letter = source();
    letter.headers = copy(letter.clone(), false, 0x0000_01a1_fb69_45c7);
    let exception = |header: &OwnedHeader| header.name.starts_with(b"kafka_exception-");
    letter.headers.retain(|header| !exception(header));
    for golden in [second, dead] {
        let tail = springs_own(&golden).headers;
        let from = tail.iter().rposition(exception).unwrap();
        letter.headers.extend_from_slice(&tail[from + 1..]);
    }
    letter.headers.extend(springs_own(&EXCEPTION).headers);
    let failure = Failure::from_record(&letter.into()).unwrap();
    assert_eq!(failure.error, "IllegalStateException");
    assert_eq!(failure.attempts, Some(3));
    assert_eq!(
        (failure.listener, failure.last_failure, failure.fingerprint),
        (None, None, None)
    );
    assert!(failure.first_failure.is_some(), "it failed first with us");
    assert_eq!((&*failure.topic, failure.offset), ("r200", 0));
}

#[test]
fn damaged_headers_count_as_absent() {
    let read = |name: &str, value: &[u8]| {
        let mut record = OwnedRecord::new("r-retry", 0, 0);
        record.headers = vec![OwnedHeader::new(name, value)];
        RetryHeaders::read(&record.into())
    };
    let attempts = |value: &[u8]| read("retry_topic-attempts", value).attempts;
    assert_eq!(attempts(&[200]), 200, "one byte, as older services wrote");
    assert_eq!(attempts(&[0, 0, 0, 5]), 5);
    for damaged in [
        &[][..],
        &[0],
        &[1, 2],
        &[0, 0, 0, 0],
        &[0xff; 4],
        &[0, 1, 0, 0],
        &[9; 5],
    ] {
        assert_eq!(attempts(damaged), 1, "{damaged:?}");
    }
    let due = |value: &[u8]| read("retry_topic-backoff-timestamp", value).due;
    assert_eq!(due(&[0x01, 0xa1]), Some(Duration::from_millis(0x01a1)));
    assert_eq!(due(&[0x00, 0xff]), Some(Duration::from_millis(255)));
    for damaged in [&[][..], &[0xff], &[1; 9]] {
        assert_eq!(due(damaged), None, "{damaged:?}");
    }
}

#[test]
fn forged_headers_of_a_source_topic_are_not_believed_and_not_carried_on() {
    let mut record = source();
    record.headers.push(OwnedHeader::new("traceparent", "00-1"));
    for (name, _) in spring()[1].iter() {
        record.headers.push(OwnedHeader::new(*name, "forged"));
    }
    let headers = copy(record, false, 0x0000_01a1_fb69_45c7);
    assert_eq!(headers[0].name, b"traceparent");
    assert_spring(&headers[1..], &spring()[0], "1");
    assert_eq!(headers.last(), Some(&OwnedHeader::new("mk-trace", "00-1")));
}

#[test]
fn numbers_have_the_fewest_bytes_as_in_java() {
    let mut record = source();
    record.timestamp = Timestamp::CreateTime(0x80);
    let headers = copy(record, false, 0x7f);
    let value = |name: &str| {
        let header = headers.iter().find(|it| it.name == name.as_bytes());
        header.unwrap().value.clone().unwrap()
    };
    assert_eq!(value("retry_topic-original-timestamp"), [0x00, 0x80]);
    assert_eq!(value("retry_topic-backoff-timestamp"), [0x7f]);
    let mut record = source();
    record.timestamp = Timestamp::NotAvailable;
    let headers = copy(record, false, 0);
    let first = headers
        .iter()
        .find(|it| it.name == b"retry_topic-original-timestamp");
    assert_eq!(first.unwrap().value.as_deref(), Some(&[0xff][..]));
}
