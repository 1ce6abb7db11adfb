//! The headers of a dead letter: names, order and bytes of Spring Kafka 4.

use crate::error::{ListenerError, source_chain};
use crate::listener::Delivery;
use crate::record::{OwnedHeader, Timestamp};

pub(super) const EXCEPTION_TYPE: &str = "kafka_dlt-exception-fqcn";
pub(super) const EXCEPTION_CAUSE: &str = "kafka_dlt-exception-cause-fqcn";
pub(super) const EXCEPTION_MESSAGE: &str = "kafka_dlt-exception-message";
pub(super) const EXCEPTION_STACKTRACE: &str = "kafka_dlt-exception-stacktrace";
pub(super) const ORIGINAL_TOPIC: &str = "kafka_dlt-original-topic";
pub(super) const ORIGINAL_PARTITION: &str = "kafka_dlt-original-partition";
pub(super) const ORIGINAL_OFFSET: &str = "kafka_dlt-original-offset";
pub(super) const ORIGINAL_TIMESTAMP: &str = "kafka_dlt-original-timestamp";
pub(super) const ORIGINAL_TIMESTAMP_TYPE: &str = "kafka_dlt-original-timestamp-type";
pub(super) const ORIGINAL_GROUP: &str = "kafka_dlt-original-consumer-group";
pub(super) const MK_ERROR: &str = "mk-error";
pub(super) const MK_LISTENER: &str = "mk-listener";
pub(super) const MK_ATTEMPTS: &str = "mk-attempts";

/// What a new failure replaces; whatever else the record carries is kept, earlier originals too.
const REPLACED: [&str; 7] = [
    EXCEPTION_TYPE,
    EXCEPTION_CAUSE,
    EXCEPTION_MESSAGE,
    EXCEPTION_STACKTRACE,
    MK_ERROR,
    MK_LISTENER,
    MK_ATTEMPTS,
];

/// Whether the texts of the error are written in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    Full,
    /// For records so large that the texts would make them too large.
    None,
}

/// The headers of the dead letter of that delivery.
pub(super) fn of(delivery: &Delivery, error: &ListenerError, texts: Texts) -> Vec<OwnedHeader> {
    let mut headers: Vec<OwnedHeader> = delivery
        .record()
        .headers()
        .filter(|header| {
            REPLACED
                .iter()
                .all(|name| header.raw_name != name.as_bytes())
        })
        .map(OwnedHeader::from)
        .collect();
    exception(&mut headers, error, texts);
    original(&mut headers, delivery);
    own(&mut headers, delivery, error);
    headers
}

fn exception(headers: &mut Vec<OwnedHeader>, error: &ListenerError, texts: Texts) {
    let mut add = |name: &str, value: String| headers.push(OwnedHeader::new(name, value));
    add(EXCEPTION_TYPE, error.type_name().into());
    if let Some(variant) = error.variant() {
        add(EXCEPTION_CAUSE, format!("{}::{variant}", error.type_name()));
    }
    if texts == Texts::Full {
        add(EXCEPTION_MESSAGE, source_chain::joined(error.error()));
        let lines = source_chain::lines(error.type_name(), error.error());
        add(EXCEPTION_STACKTRACE, lines);
    }
}

fn original(headers: &mut Vec<OwnedHeader>, delivery: &Delivery) {
    let record = delivery.record();
    let (millis, kind) = match record.timestamp() {
        Timestamp::CreateTime(millis) => (millis, "CreateTime"),
        Timestamp::LogAppendTime(millis) => (millis, "LogAppendTime"),
        Timestamp::NotAvailable => (-1, "NoTimestampType"),
    };
    headers.extend([
        OwnedHeader::new(ORIGINAL_TOPIC, record.topic()),
        OwnedHeader::new(ORIGINAL_PARTITION, record.partition().to_be_bytes()),
        OwnedHeader::new(ORIGINAL_OFFSET, record.offset().to_be_bytes()),
        OwnedHeader::new(ORIGINAL_TIMESTAMP, millis.to_be_bytes()),
        OwnedHeader::new(ORIGINAL_TIMESTAMP_TYPE, kind),
        OwnedHeader::new(ORIGINAL_GROUP, delivery.listener().group_id.as_bytes()),
    ]);
}

fn own(headers: &mut Vec<OwnedHeader>, delivery: &Delivery, error: &ListenerError) {
    let name = error
        .variant()
        .unwrap_or_else(|| simple_name(error.type_name()));
    headers.extend([
        OwnedHeader::new(MK_ERROR, name),
        OwnedHeader::new(MK_LISTENER, delivery.listener().id.as_bytes()),
        OwnedHeader::new(MK_ATTEMPTS, delivery.attempt().to_string()),
    ]);
}

/// The last part of a type's path, Rust's or Java's: `Timeout` of `a::b::Timeout<C>`.
pub(super) fn simple_name(path: &str) -> &str {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit([':', '.', '$']).next().unwrap_or(path)
}
