//! The dead letters of a topic, with their headers decoded.

use std::panic::Location;
use std::sync::Arc;

use micro_kafka::error::Failure;
use micro_kafka::record::{OwnedRecord, Record};

use crate::deadline::fail;
use crate::show;

/// One record of a dead-letter topic.
#[derive(Debug)]
pub struct DeadLetter {
    record: Record,
    failure: Failure,
}

impl DeadLetter {
    /// The record: original key, payload and headers, and the failure's headers.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Why it is here.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.failure
    }
}

/// All dead letters of one topic up to now; see `EmbeddedKafka::dlt`.
#[derive(Debug)]
pub struct DeadLetters {
    records: Vec<Arc<OwnedRecord>>,
}

impl DeadLetters {
    pub(crate) fn new(records: Vec<Arc<OwnedRecord>>) -> Self {
        Self { records }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Each of them.
    ///
    /// # Panics
    /// If one lacks the headers of a dead letter.
    #[track_caller]
    #[must_use]
    pub fn all(&self) -> Vec<DeadLetter> {
        let place = Location::caller();
        self.records
            .iter()
            .map(|record| decode(record, place))
            .collect()
    }

    /// Asserts that there is exactly one, and that it is as `expected` says.
    ///
    /// # Panics
    /// If not, with what did arrive.
    #[track_caller]
    pub fn assert_one(&self, expected: impl FnOnce(&DeadLetter) -> bool) {
        let place = Location::caller();
        let [record] = self.records.as_slice() else {
            fail(
                place,
                &format!("expected one dead letter: {}", show::records(&self.records)),
            );
        };
        let letter = decode(record, place);
        if !expected(&letter) {
            fail(
                place,
                &format!(
                    "the dead letter is not as expected: {:?} in {}",
                    letter.failure,
                    show::one(record)
                ),
            );
        }
    }

    /// Asserts that there are none.
    ///
    /// # Panics
    /// If there are, with what did arrive.
    #[track_caller]
    pub fn assert_none(&self) {
        if !self.records.is_empty() {
            fail(
                Location::caller(),
                &format!("expected no dead letters: {}", show::records(&self.records)),
            );
        }
    }

    /// Asserts how many there are.
    ///
    /// # Panics
    /// If not, with what did arrive.
    #[track_caller]
    pub fn assert_count(&self, expected: usize) {
        if self.records.len() != expected {
            fail(
                Location::caller(),
                &format!(
                    "expected {expected} dead letters: {}",
                    show::records(&self.records)
                ),
            );
        }
    }
}

fn decode(record: &OwnedRecord, place: &Location<'_>) -> DeadLetter {
    let record = Record::from(record.clone());
    match Failure::from_record(&record) {
        Some(failure) => DeadLetter { record, failure },
        None => fail(
            place,
            &format!(
                "no dead letter's headers: {}",
                show::one(&record.to_owned_record())
            ),
        ),
    }
}
