//! The headers of retry topics: names, order and bytes of Spring Kafka 4.

use std::time::Duration;

use crate::error::dead_letter::{
    MK_ATTEMPTS, MK_ERROR, MK_FINGERPRINT, MK_FIRST_FAILURE, MK_LAST_FAILURE, MK_LISTENER,
    MK_TRACE, TRACE, fingerprint, simple_name,
};
use crate::error::{FencePlace, FencedCopy, ListenerError, source_chain};
use crate::listener::Delivery;
use crate::record::{OwnedHeader, Record, Timestamp};

const ATTEMPTS: &str = "retry_topic-attempts";
const DUE: &str = "retry_topic-backoff-timestamp";
const FIRST_SENT: &str = "retry_topic-original-timestamp";

const EXCEPTION_TYPE: &str = "kafka_exception-fqcn";
const EXCEPTION_CAUSE: &str = "kafka_exception-cause-fqcn";
const EXCEPTION_MESSAGE: &str = "kafka_exception-message";
const EXCEPTION_STACKTRACE: &str = "kafka_exception-stacktrace";

const ORIGINAL_TOPIC: &str = "kafka_original-topic";
const ORIGINAL_PARTITION: &str = "kafka_original-partition";
const ORIGINAL_OFFSET: &str = "kafka_original-offset";
const ORIGINAL_TIMESTAMP: &str = "kafka_original-timestamp";
const ORIGINAL_TIMESTAMP_TYPE: &str = "kafka_original-timestamp-type";
/// Named as a plain dead letter's, as Spring does.
const ORIGINAL_GROUP: &str = "kafka_dlt-original-consumer-group";

/// The token of a copy whose key is fenced.
const MK_FENCE: &str = "mk-fence";

/// What a new failure replaces.
const OF_THE_FAILURE: [&str; 11] = [
    EXCEPTION_TYPE,
    EXCEPTION_CAUSE,
    EXCEPTION_MESSAGE,
    EXCEPTION_STACKTRACE,
    MK_ERROR,
    MK_LISTENER,
    MK_ATTEMPTS,
    MK_FIRST_FAILURE,
    MK_LAST_FAILURE,
    MK_FINGERPRINT,
    MK_TRACE,
];
/// What comes from retry topics only: on any other record somebody else has written it.
const OF_THE_WAY: [&str; 10] = [
    ORIGINAL_TOPIC,
    ORIGINAL_PARTITION,
    ORIGINAL_OFFSET,
    ORIGINAL_TIMESTAMP,
    ORIGINAL_TIMESTAMP_TYPE,
    ORIGINAL_GROUP,
    ATTEMPTS,
    DUE,
    FIRST_SENT,
    MK_FENCE,
];

/// The longest list of sources, in bytes.
const LONGEST_TEXT: usize = 8 << 10;
/// As Spring: what is above is no count.
const MOST_ATTEMPTS: i32 = 32_767;

/// Whether the texts of the error are written in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    Full,
    /// For records so large that the texts would make them too large.
    None,
}

/// The control headers of a record of a retry topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetryHeaders {
    /// Which attempt its delivery is, from 1.
    pub(super) attempts: u32,
    /// When it is due, since the Unix epoch.
    pub(super) due: Option<Duration>,
    /// When the record was first sent, in milliseconds since the Unix epoch.
    pub(super) first_sent: Option<i64>,
}

impl RetryHeaders {
    /// Those of a record that came by no retry topic.
    pub(super) fn none(record: &Record) -> Self {
        Self {
            attempts: 1,
            due: None,
            first_sent: record.timestamp().millis(),
        }
    }

    /// Reads those of a retry topic's record; what is damaged counts as absent.
    pub(super) fn read(record: &Record) -> Self {
        let headers = record.headers();
        let value = |name| headers.get(name).and_then(|header| header.value);
        let attempts = value(ATTEMPTS).and_then(attempts).unwrap_or(1);
        let due = value(DUE).and_then(integer);
        Self {
            attempts,
            due: due
                .and_then(|ms| u64::try_from(ms).ok())
                .map(Duration::from_millis),
            first_sent: value(FIRST_SENT)
                .and_then(integer)
                .or_else(|| record.timestamp().millis()),
        }
    }
}

/// Where a retry topic's record was first, if it says so.
pub(super) fn origin(record: &Record) -> Option<(String, i32, i64)> {
    let headers = record.headers();
    let value = |name| headers.get(name).and_then(|header| header.value);
    let topic = String::from_utf8(value(ORIGINAL_TOPIC)?.to_vec()).ok()?;
    let partition = i32::from_be_bytes(value(ORIGINAL_PARTITION)?.try_into().ok()?);
    let offset = i64::from_be_bytes(value(ORIGINAL_OFFSET)?.try_into().ok()?);
    Some((topic, partition, offset))
}

/// The fenced key that a copy belongs to, and its token.
pub(super) fn fenced_copy(record: &Record) -> Option<FencedCopy> {
    let token = record.headers().get(MK_FENCE)?.value?;
    let token = std::str::from_utf8(token).ok()?.parse().ok()?;
    let (topic, partition, origin) = origin(record)?;
    Some(FencedCopy {
        place: FencePlace::new(&topic, partition, record.key()?),
        token,
        origin,
    })
}

/// The same record at a later attempt, which is due at that time in milliseconds since the Unix
/// epoch.
pub(super) fn tried(record: &Record, attempts: u32, due: i64) -> Record {
    let mut record = record.to_owned_record();
    let before = |name: &[u8]| name == ATTEMPTS.as_bytes() || name == DUE.as_bytes();
    record.headers.retain(|header| !before(&header.name));
    record.headers.extend([
        OwnedHeader::new(ATTEMPTS, attempts.to_be_bytes()),
        OwnedHeader::new(DUE, fewest(due)),
    ]);
    record.into()
}

/// The group that a retry topic's record failed in, if it says so.
pub(crate) fn failed_group(record: &Record) -> Option<&[u8]> {
    record.headers().get(ORIGINAL_GROUP)?.value
}

/// How many attempts had failed when a copy was made, if its headers count them.
pub(crate) fn failed_attempts(record: &Record) -> Option<u32> {
    let next = attempts(record.headers().get(ATTEMPTS)?.value?)?;
    Some(next - 1)
}

fn attempts(bytes: &[u8]) -> Option<u32> {
    let count = match bytes {
        [count] => i32::from(*count),
        bytes => i32::from_be_bytes(bytes.try_into().ok()?),
    };
    let believable = (1..=MOST_ATTEMPTS).contains(&count);
    believable.then(|| count.cast_unsigned())
}

/// A number as Java's `BigInteger` writes it, of at most eight bytes.
fn integer(bytes: &[u8]) -> Option<i64> {
    let first = *bytes.first()?;
    let fill = if first & 0x80 == 0 { 0 } else { 0xff };
    let mut wide = [fill; 8];
    let from = wide.len().checked_sub(bytes.len())?;
    wide[from..].copy_from_slice(bytes);
    Some(i64::from_be_bytes(wide))
}

/// The fewest bytes that a number has, as Java's `BigInteger` writes it.
fn fewest(number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let redundant = |pair: &&[u8]| match pair {
        [0, next] => next & 0x80 == 0,
        [0xff, next] => next & 0x80 != 0,
        _ => false,
    };
    let skip = bytes.windows(2).take_while(redundant).count();
    bytes[skip..].to_vec()
}

/// The way of a record, one step on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hop {
    /// What its headers said, if they are to be believed.
    pub(super) before: RetryHeaders,
    /// Whether it came by a retry topic.
    pub(super) retried: bool,
    /// When it is due next, in milliseconds since the Unix epoch.
    pub(super) due: i64,
    /// Its token, if its key is fenced meanwhile.
    pub(super) fence: Option<u64>,
}

/// The headers of the copy that a failed record leaves.
pub(super) fn of(
    delivery: &Delivery,
    error: &ListenerError,
    hop: Hop,
    texts: Texts,
) -> Vec<OwnedHeader> {
    let (mut headers, known) = inbound(delivery, hop.retried);
    exception(&mut headers, error, texts);
    if !known {
        original(&mut headers, delivery);
    }
    way(&mut headers, hop, hop.before.attempts.saturating_add(1));
    own(&mut headers, delivery, error, hop);
    headers
}

/// The headers of the copy of a record that was not handled yet, and waits behind another.
pub(super) fn of_parked(delivery: &Delivery, hop: Hop) -> Vec<OwnedHeader> {
    let (mut headers, _) = inbound(delivery, false);
    original(&mut headers, delivery);
    way(&mut headers, hop, hop.before.attempts);
    let listener = delivery.listener().main_id();
    headers.push(OwnedHeader::new(MK_LISTENER, listener.as_bytes()));
    headers
}

/// What is kept of a record's headers, and whether they say where it comes from.
fn inbound(delivery: &Delivery, retried: bool) -> (Vec<OwnedHeader>, bool) {
    let is = |names: &[&str], raw: &[u8]| names.iter().any(|name| raw == name.as_bytes());
    let inbound = delivery.record().headers().filter(|header| {
        let forged = !retried && is(&OF_THE_WAY, header.raw_name);
        let replaced = is(&OF_THE_FAILURE, header.raw_name);
        !forged && !replaced && header.raw_name != MK_FENCE.as_bytes()
    });
    let headers: Vec<OwnedHeader> = inbound.map(OwnedHeader::from).collect();
    let original = |header: &OwnedHeader| header.name == ORIGINAL_TOPIC.as_bytes();
    let known = headers.iter().any(original);
    (headers, known)
}

fn exception(headers: &mut Vec<OwnedHeader>, error: &ListenerError, texts: Texts) {
    let mut add = |name: &str, value: String| headers.push(OwnedHeader::new(name, value));
    add(EXCEPTION_TYPE, error.type_name().into());
    if let Some(variant) = error.variant() {
        add(EXCEPTION_CAUSE, format!("{}::{variant}", error.type_name()));
    }
    if texts == Texts::Full {
        add(EXCEPTION_MESSAGE, source_chain::joined(error.error()));
        let lines = source_chain::lines(LONGEST_TEXT, error.type_name(), error.error());
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

fn way(headers: &mut Vec<OwnedHeader>, hop: Hop, attempts: u32) {
    let first_sent = hop.before.first_sent.unwrap_or(-1);
    headers.extend([
        OwnedHeader::new(FIRST_SENT, fewest(first_sent)),
        OwnedHeader::new(ATTEMPTS, attempts.to_be_bytes()),
        OwnedHeader::new(DUE, fewest(hop.due)),
    ]);
    let token = hop.fence.map(|token| token.to_string());
    headers.extend(token.map(|token| OwnedHeader::new(MK_FENCE, token)));
}

fn own(headers: &mut Vec<OwnedHeader>, delivery: &Delivery, error: &ListenerError, hop: Hop) {
    let record = delivery.record();
    let listener = delivery.listener().main_id();
    let history = delivery.history(error);
    let name = error
        .variant()
        .unwrap_or_else(|| simple_name(error.type_name()));
    // What failed before it came here knows better when that was.
    let told = record.headers().get(MK_FIRST_FAILURE);
    let told = told.and_then(|told| told.value).filter(|_| hop.retried);
    let first = history.first_failure().to_string();
    headers.extend([
        OwnedHeader::new(MK_ERROR, name),
        OwnedHeader::new(MK_LISTENER, listener.as_bytes()),
        OwnedHeader::new(MK_ATTEMPTS, hop.before.attempts.to_string()),
        OwnedHeader::new(MK_FIRST_FAILURE, told.unwrap_or(first.as_bytes())),
        OwnedHeader::new(MK_LAST_FAILURE, history.last_failure().to_string()),
        OwnedHeader::new(MK_FINGERPRINT, fingerprint(listener, error)),
    ]);
    let trace = record.headers().get(TRACE).and_then(|trace| trace.value);
    headers.extend(trace.map(|trace| OwnedHeader::new(MK_TRACE, trace)));
}
