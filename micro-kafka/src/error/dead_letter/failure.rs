//! Why a dead letter is one.

use std::fmt;

use super::headers::{
    EXCEPTION_CAUSE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE,
    KEY_EXCEPTION_MESSAGE, KEY_EXCEPTION_STACKTRACE, KEY_EXCEPTION_TYPE, MK_ATTEMPTS, MK_ERROR,
    MK_FINGERPRINT, MK_FIRST_FAILURE, MK_LAST_FAILURE, MK_LISTENER, MK_TRACE, ORIGINAL_GROUP,
    ORIGINAL_OFFSET, ORIGINAL_PARTITION, ORIGINAL_TIMESTAMP, ORIGINAL_TIMESTAMP_TYPE,
    ORIGINAL_TOPIC, simple_name,
};
use crate::error::{ListenerError, failed_attempts};
use crate::extract::FromRecord;
use crate::listener::Delivery;
use crate::record::{Record, Timestamp};

/// Why and where a dead-lettered record failed, read from its headers: of its last failure, if
/// there were several. Reads what this crate and what Spring Kafka writes.
///
/// Anybody who may write to the topic may have forged it: for people to read, not for decisions
/// that need trust.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The variant of the error, or the name of its type where it has none.
    pub error: String,
    /// The full path of the error's type.
    pub error_type: Option<String>,
    /// The messages of the error and its sources, joined by `; `.
    pub message: Option<String>,
    /// The error and its sources, one a line.
    pub stacktrace: Option<String>,
    /// Where the record came from, as the broker knows it, namespace included.
    pub topic: String,
    /// The partition it came from.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Its timestamp there.
    pub timestamp: Timestamp,
    /// The consumer group that gave it up, as the broker knows it, namespace included.
    pub group: Option<String>,
    /// The listener that gave it up, where it was one of ours.
    pub listener: Option<String>,
    /// How often it was delivered.
    pub attempts: Option<u32>,
    /// When it failed first, in milliseconds since 1970.
    pub first_failure: Option<i64>,
    /// When it failed last, in the same measure, where that was a listener of ours.
    pub last_failure: Option<i64>,
    /// The same text for failures that are alike.
    pub fingerprint: Option<String>,
    /// The `traceparent` of the record.
    pub trace: Option<String>,
}

impl Failure {
    /// Reads the headers; `None` if the record is no dead letter, or its headers are damaged.
    #[must_use]
    pub fn from_record(record: &Record) -> Option<Self> {
        let headers = Reader(record);
        let counted = headers.counted();
        let own = headers.number(MK_ATTEMPTS);
        // A Spring service that fails with a copy of ours counts on, and leaves our own headers as
        // they were.
        let is_last = counted.is_none_or(|counted| own == Some(counted));
        let latest = |name| headers.text(name).filter(|_| is_last);
        let error_type = headers
            .text(EXCEPTION_TYPE)
            .or_else(|| headers.text(KEY_EXCEPTION_TYPE));
        let error = latest(MK_ERROR)
            .or_else(|| headers.text(EXCEPTION_CAUSE).map(|path| simple(&path)))
            .or_else(|| error_type.as_deref().map(simple))?;
        Some(Self {
            error,
            error_type,
            message: headers
                .text(EXCEPTION_MESSAGE)
                .or_else(|| headers.text(KEY_EXCEPTION_MESSAGE)),
            stacktrace: headers
                .text(EXCEPTION_STACKTRACE)
                .or_else(|| headers.text(KEY_EXCEPTION_STACKTRACE)),
            topic: headers.text(ORIGINAL_TOPIC)?,
            partition: i32::from_be_bytes(headers.bytes(ORIGINAL_PARTITION)?),
            offset: i64::from_be_bytes(headers.bytes(ORIGINAL_OFFSET)?),
            timestamp: headers.timestamp(),
            group: headers.text(ORIGINAL_GROUP),
            listener: latest(MK_LISTENER),
            attempts: counted.or(own),
            first_failure: headers.number(MK_FIRST_FAILURE),
            last_failure: latest(MK_LAST_FAILURE).and_then(|at| at.parse().ok()),
            fingerprint: latest(MK_FINGERPRINT),
            trace: headers.text(MK_TRACE),
        })
    }
}

fn simple(path: &str) -> String {
    simple_name(path).into()
}

/// The headers of a dead letter under either of Spring's names.
struct Reader<'r>(&'r Record);

impl<'r> Reader<'r> {
    fn value(&self, name: &str) -> Option<&'r [u8]> {
        // Records that came by Spring's retry topics have `kafka_` where others have `kafka_dlt-`.
        let other = name.replacen("kafka_dlt-", "kafka_", 1);
        let headers = &self.0.headers();
        headers.get(name).or_else(|| headers.get(&other))?.value
    }

    fn text(&self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// How often the record was tried, if it comes from retry topics.
    fn counted(&self) -> Option<u32> {
        let by_retry_topics = self.0.headers().get(EXCEPTION_TYPE).is_none();
        failed_attempts(self.0).filter(|_| by_retry_topics)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    fn bytes<const N: usize>(&self, name: &str) -> Option<[u8; N]> {
        self.value(name)?.try_into().ok()
    }

    fn timestamp(&self) -> Timestamp {
        let Some(millis) = self.bytes(ORIGINAL_TIMESTAMP).map(i64::from_be_bytes) else {
            return Timestamp::NotAvailable;
        };
        match self.value(ORIGINAL_TIMESTAMP_TYPE) {
            Some(b"CreateTime") => Timestamp::CreateTime(millis),
            Some(b"LogAppendTime") => Timestamp::LogAppendTime(millis),
            _ => Timestamp::NotAvailable,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        if let Some(message) = &self.message {
            write!(f, ": {}", message.escape_debug())?;
        }
        let (topic, partition, offset) = (&self.topic, self.partition, self.offset);
        write!(f, " ({topic}-{partition}@{offset}")?;
        if let Some(listener) = &self.listener {
            write!(f, ", listener {listener}")?;
        }
        match self.attempts {
            Some(1) => write!(f, ", 1 attempt)"),
            Some(attempts) => write!(f, ", {attempts} attempts)"),
            None => write!(f, ")"),
        }
    }
}

/// A record without the headers of a dead letter, where one is needed.
#[derive(Debug, thiserror::Error)]
#[error("the record has no (readable) dead-letter headers: `Failure` needs a dead-letter topic")]
struct NotADeadLetter;

impl<'r> FromRecord<'r> for Failure {
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        Self::from_record(delivery.record()).ok_or_else(|| ListenerError::decode(NotADeadLetter))
    }
}
