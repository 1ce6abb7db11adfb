//! The headers of a dead letter: names, order and bytes of Spring Kafka 4.

use super::fingerprint::fingerprint;
use super::rules::HeaderRules;
use crate::error::{ErrorKind, ListenerError, source_chain};
use crate::listener::{CrashedConsumer, Delivery};
use crate::record::{OwnedHeader, Timestamp};

/// The trace of the record, as the W3C names it.
pub(in crate::error) const TRACE: &str = "traceparent";

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
pub(super) const KEY_EXCEPTION_TYPE: &str = "kafka_dlt-key-exception-fqcn";
pub(super) const KEY_EXCEPTION_MESSAGE: &str = "kafka_dlt-key-exception-message";
pub(super) const KEY_EXCEPTION_STACKTRACE: &str = "kafka_dlt-key-exception-stacktrace";
pub(in crate::error) const MK_ERROR: &str = "mk-error";
pub(in crate::error) const MK_LISTENER: &str = "mk-listener";
pub(in crate::error) const MK_ATTEMPTS: &str = "mk-attempts";
pub(in crate::error) const MK_FIRST_FAILURE: &str = "mk-first-failure";
pub(in crate::error) const MK_LAST_FAILURE: &str = "mk-last-failure";
pub(in crate::error) const MK_FINGERPRINT: &str = "mk-fingerprint";
pub(in crate::error) const MK_TRACE: &str = "mk-trace";
const MK_CRASH_DEATHS: &str = "mk-crash-deaths";
const MK_CRASH_PROCESS: &str = "mk-crash-process";
const MK_CRASH_BEGAN: &str = "mk-crash-began";

/// What retry topics add beside the headers of their failures.
const RETRY_TOPIC: [&str; 3] = [
    "retry_topic-attempts",
    "retry_topic-backoff-timestamp",
    "retry_topic-original-timestamp",
];

/// Every header that a dead letter may have beside those of its record, in order.
pub(super) const WRITTEN: [&str; 23] = [
    EXCEPTION_TYPE,
    EXCEPTION_CAUSE,
    EXCEPTION_MESSAGE,
    EXCEPTION_STACKTRACE,
    KEY_EXCEPTION_TYPE,
    KEY_EXCEPTION_MESSAGE,
    KEY_EXCEPTION_STACKTRACE,
    ORIGINAL_TOPIC,
    ORIGINAL_PARTITION,
    ORIGINAL_OFFSET,
    ORIGINAL_TIMESTAMP,
    ORIGINAL_TIMESTAMP_TYPE,
    ORIGINAL_GROUP,
    MK_ERROR,
    MK_LISTENER,
    MK_ATTEMPTS,
    MK_FIRST_FAILURE,
    MK_LAST_FAILURE,
    MK_FINGERPRINT,
    MK_TRACE,
    MK_CRASH_DEATHS,
    MK_CRASH_PROCESS,
    MK_CRASH_BEGAN,
];

/// Whether that is a header that a recoverer of this crate or of Spring Kafka has added to a record,
/// on its way by retry topics or at its end.
pub(crate) fn is_of_a_failure(name: &[u8]) -> bool {
    if name.starts_with(b"retry_topic-") {
        return RETRY_TOPIC.iter().any(|own| name == own.as_bytes());
    }
    WRITTEN.iter().any(|written| {
        // Records that came by retry topics have `kafka_` where others have `kafka_dlt-`.
        let short = written.strip_prefix("kafka_dlt-");
        let by_retries = |short: &str| name.strip_prefix(b"kafka_") == Some(short.as_bytes());
        name == written.as_bytes() || short.is_some_and(by_retries)
    })
}

/// Whether the texts of the error are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// As the rules say.
    Full,
    /// For records so large that the texts would make them too large.
    None,
}

/// The headers of the dead letter of that delivery.
pub(super) fn of(
    delivery: &Delivery,
    error: &ListenerError,
    rules: &HeaderRules,
    texts: Texts,
) -> Vec<OwnedHeader> {
    let mut written = Vec::new();
    exception(&mut written, error, rules, texts);
    let record = delivery.record();
    if rules.appends_originals() || record.headers().get(ORIGINAL_TOPIC).is_none() {
        original(&mut written, delivery);
    }
    own(&mut written, delivery, error);
    let kept = record
        .headers()
        .filter(|header| !is_replaced(header.raw_name));
    let mut headers: Vec<OwnedHeader> = kept.map(OwnedHeader::from).collect();
    headers.extend(
        written
            .into_iter()
            .filter(|(name, _)| rules.writes(name))
            .map(|(name, value)| OwnedHeader::new(name, value)),
    );
    headers
}

/// A header that is yet to be written.
type Written = Vec<(&'static str, Vec<u8>)>;

/// What a new failure replaces; whatever else the record carries is kept, earlier originals too.
fn is_replaced(name: &[u8]) -> bool {
    let of_an_earlier_failure = |written: &&str| !written.starts_with("kafka_dlt-original");
    let mut replaced = WRITTEN.iter().filter(|name| of_an_earlier_failure(name));
    replaced.any(|written| name == written.as_bytes())
}

fn exception(headers: &mut Written, error: &ListenerError, rules: &HeaderRules, texts: Texts) {
    let [kind, message, sources] = match error.kind() {
        ErrorKind::DecodeKey => [
            KEY_EXCEPTION_TYPE,
            KEY_EXCEPTION_MESSAGE,
            KEY_EXCEPTION_STACKTRACE,
        ],
        _ => [EXCEPTION_TYPE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE],
    };
    headers.push((kind, error.type_name().into()));
    if let Some(variant) = error.variant() {
        let path = format!("{}::{variant}", error.type_name());
        headers.push((EXCEPTION_CAUSE, path.into()));
    }
    if texts == Texts::Full && rules.has_texts() {
        let longest = rules.longest_text();
        let text = source_chain::joined_within(longest, error.error());
        headers.push((message, text.into()));
        let lines = source_chain::lines(longest, error.type_name(), error.error());
        headers.push((sources, lines.into()));
    }
}

fn original(headers: &mut Written, delivery: &Delivery) {
    let record = delivery.record();
    let (millis, kind) = match record.timestamp() {
        Timestamp::CreateTime(millis) => (millis, "CreateTime"),
        Timestamp::LogAppendTime(millis) => (millis, "LogAppendTime"),
        Timestamp::NotAvailable => (-1, "NoTimestampType"),
    };
    headers.extend([
        (ORIGINAL_TOPIC, record.topic().into()),
        (ORIGINAL_PARTITION, record.partition().to_be_bytes().into()),
        (ORIGINAL_OFFSET, record.offset().to_be_bytes().into()),
        (ORIGINAL_TIMESTAMP, millis.to_be_bytes().into()),
        (ORIGINAL_TIMESTAMP_TYPE, kind.into()),
        (
            ORIGINAL_GROUP,
            delivery.listener().group_id.as_bytes().into(),
        ),
    ]);
}

fn own(headers: &mut Written, delivery: &Delivery, error: &ListenerError) {
    let listener = &*delivery.listener().id;
    let history = delivery.history(error);
    let name = error
        .variant()
        .unwrap_or_else(|| simple_name(error.type_name()));
    headers.extend([
        (MK_ERROR, name.into()),
        (MK_LISTENER, listener.into()),
        (MK_ATTEMPTS, delivery.attempt().to_string().into()),
        (MK_FIRST_FAILURE, history.first_failure().to_string().into()),
        (MK_LAST_FAILURE, history.last_failure().to_string().into()),
        (MK_FINGERPRINT, fingerprint(listener, error).into()),
    ]);
    // The letter's own trace may be another one.
    let record = delivery.record();
    let trace = record.headers().get(TRACE).and_then(|trace| trace.value);
    headers.extend(trace.map(|trace| (MK_TRACE, trace.to_vec())));
    if let Some(crash) = error.error().downcast_ref::<CrashedConsumer>() {
        headers.extend([
            (MK_CRASH_DEATHS, crash.deaths.to_string().into()),
            (MK_CRASH_PROCESS, crash.process.as_str().into()),
            (MK_CRASH_BEGAN, crash.began.to_string().into()),
        ]);
    }
}

/// The last part of a type's path, Rust's or Java's: `Timeout` of `a::b::Timeout<C>`.
pub(in crate::error) fn simple_name(path: &str) -> &str {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit([':', '.', '$']).next().unwrap_or(path)
}
