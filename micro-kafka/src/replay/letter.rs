//! One dead letter, and the record that it was.

use super::marker::{REPLAY_COUNT, REPLAY_ID, is_marker};
use crate::error::{Failure, is_of_a_failure};
use crate::record::{OwnedHeader, OwnedRecord, Record};

/// A dead letter as it stands in its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The letter: key and payload are those of the record that failed, the headers are its own and
    /// those of its failure.
    pub record: OwnedRecord,
    /// Why it is one.
    pub failure: Failure,
    /// How often its record was replayed before.
    pub replays: u32,
}

/// What is read of a letter before anybody decides about it.
#[derive(Debug)]
pub(super) struct Letter<'r> {
    pub(super) record: &'r Record,
    pub(super) failure: Failure,
    pub(super) origin: Origin,
    pub(super) replays: u32,
}

/// Where a record was before it failed for the first time: a letter that was one before goes back
/// to the beginning of its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) timestamp: Option<i64>,
    /// The group that has failed with it.
    pub(super) group: Option<Vec<u8>>,
}

impl<'r> Letter<'r> {
    /// Reads the headers; `None` if the record is no dead letter, or its headers are damaged.
    pub(super) fn read(record: &'r Record) -> Option<Self> {
        Some(Self {
            failure: Failure::from_record(record)?,
            origin: Origin::read(record)?,
            replays: text(record, REPLAY_COUNT)
                .and_then(|count| count.parse().ok())
                .unwrap_or(0),
            record,
        })
    }

    /// Whether that replay has sent its record before, and it has failed again.
    pub(super) fn failed_again_after(&self, id: &str) -> bool {
        text(self.record, REPLAY_ID) == Some(id)
    }

    pub(super) fn to_dead_letter(&self) -> DeadLetter {
        DeadLetter {
            record: self.record.to_owned_record(),
            failure: self.failure.clone(),
            replays: self.replays,
        }
    }

    /// `topic-partition@offset` of the letter.
    pub(super) fn place(&self) -> String {
        let Self { record, .. } = self;
        let (topic, partition) = (record.topic(), record.partition());
        format!("{topic}-{partition}@{}", record.offset())
    }

    /// The record as it was: key, payload and headers byte for byte.
    pub(super) fn restored(&self) -> OwnedRecord {
        let record = self.record;
        let mut restored = OwnedRecord::new(&*self.origin.topic, self.origin.partition, -1);
        restored.key = record.key().map(Into::into);
        restored.payload = record.payload().map(Into::into);
        let kept = record.headers().filter(|header| {
            let name = header.raw_name;
            !is_of_a_failure(name) && !is_marker(name)
        });
        restored.headers = kept.map(OwnedHeader::from).collect();
        restored
    }
}

impl Origin {
    fn read(record: &Record) -> Option<Self> {
        // Retry topics come before any other way of a record.
        Self::named(record, "kafka_original").or_else(|| Self::named(record, "kafka_dlt-original"))
    }

    fn named(record: &Record, prefix: &str) -> Option<Self> {
        let value = |name: &str| first(record, &format!("{prefix}-{name}"));
        let number = |value: &[u8]| Some(i64::from_be_bytes(value.try_into().ok()?));
        Some(Self {
            topic: String::from_utf8(value("topic")?.to_vec()).ok()?,
            partition: i32::from_be_bytes(value("partition")?.try_into().ok()?),
            timestamp: value("timestamp")
                .and_then(number)
                .filter(|millis| *millis >= 0),
            group: first(record, "kafka_dlt-original-consumer-group").map(Into::into),
        })
    }
}

fn first<'r>(record: &'r Record, name: &str) -> Option<&'r [u8]> {
    let mut headers = record.headers();
    headers
        .find(|header| header.raw_name == name.as_bytes())?
        .value
}

fn text<'r>(record: &'r Record, name: &str) -> Option<&'r str> {
    std::str::from_utf8(record.headers().get(name)?.value?).ok()
}
