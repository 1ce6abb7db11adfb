//! The dead letters of a topic, with their headers decoded.

use std::panic::Location;
use std::sync::Arc;

use micro_kafka::error::Failure;
use micro_kafka::record::{OwnedRecord, Record};

use crate::deadline::fail;
use crate::matcher::Matcher;
use crate::show;

/// One record of a dead-letter topic.
#[derive(Debug)]
pub struct DeadLetter {
    record: Record,
    failure: Failure,
}

impl DeadLetter {
    /// The record with its headers decoded; `None` if they are not a dead letter's.
    fn read(record: &OwnedRecord) -> Option<Self> {
        let record = Record::from(record.clone());
        let failure = Failure::from_record(&record)?;
        Some(Self { record, failure })
    }

    pub(crate) fn fail(&self, place: &Location<'_>) -> ! {
        let record = show::one(&self.record.to_owned_record());
        let message = format!(
            "the dead letter is not as expected: {:?} in {record}",
            self.failure
        );
        fail(place, &message)
    }

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

/// All dead letters of one topic up to now, or those of them that are looked for; see
/// `EmbeddedKafka::dlt`.
#[derive(Debug)]
pub struct DeadLetters {
    /// What the dead-letter topic holds.
    all: Vec<Arc<OwnedRecord>>,
    /// Where in `all` those are that are looked for.
    found: Vec<usize>,
    /// The conditions, as a part of a sentence.
    conditions: Vec<String>,
}

impl DeadLetters {
    pub(crate) fn new(records: Vec<Arc<OwnedRecord>>) -> Self {
        Self {
            found: (0..records.len()).collect(),
            all: records,
            conditions: Vec::new(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    fn records(&self) -> impl Iterator<Item = &Arc<OwnedRecord>> {
        self.found.iter().filter_map(|at| self.all.get(*at))
    }

    fn keep(mut self, what: String, test: impl Fn(&OwnedRecord) -> bool) -> Self {
        let all = &self.all;
        self.found
            .retain(|at| all.get(*at).is_some_and(|record| test(record)));
        self.conditions.push(what);
        self
    }

    /// Those of records with this key.
    #[must_use]
    pub fn key(self, key: impl Matcher) -> Self {
        let what = format!("key={}", key.describe());
        self.keep(what, move |record| key.accepts(record.key.as_deref()))
    }

    /// Those of records with this value.
    #[must_use]
    pub fn value(self, value: impl Matcher) -> Self {
        let what = format!("payload={}", value.describe());
        self.keep(what, move |record| value.accepts(record.payload.as_deref()))
    }

    /// Those that failed with this error: a variant's name, or a type's where there is none.
    #[must_use]
    pub fn error(self, error: &str) -> Self {
        self.matching(format!("error={error}"), |letter| {
            letter.failure.error == error
        })
    }

    /// Those that were delivered so often.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        self.matching(format!("attempts={attempts}"), |letter| {
            letter.failure.attempts == Some(attempts)
        })
    }

    /// Those that this listener gave up.
    #[must_use]
    pub fn listener(self, id: &str) -> Self {
        self.matching(format!("listener={id}"), |letter| {
            letter.failure.listener.as_deref() == Some(id)
        })
    }

    fn matching(self, what: String, test: impl Fn(&DeadLetter) -> bool) -> Self {
        self.keep(what, |record| {
            DeadLetter::read(record).is_some_and(|it| test(&it))
        })
    }

    /// Each of them.
    ///
    /// # Panics
    /// If one lacks the headers of a dead letter.
    #[track_caller]
    #[must_use]
    pub fn all(&self) -> Vec<DeadLetter> {
        let place = Location::caller();
        self.records().map(|record| decode(record, place)).collect()
    }

    /// The only one.
    ///
    /// # Panics
    /// If there is none, or another one, with what did arrive.
    #[track_caller]
    #[must_use]
    pub fn one(&self) -> DeadLetter {
        let place = Location::caller();
        match self.found.as_slice() {
            [at] => match self.all.get(*at) {
                Some(record) => decode(record, place),
                None => self.unexpected(place, "one dead letter"),
            },
            _ => self.unexpected(place, "one dead letter"),
        }
    }

    /// Asserts that there is exactly one, and that it is as `expected` says.
    ///
    /// # Panics
    /// If not, with what did arrive.
    #[track_caller]
    pub fn assert_one(&self, expected: impl FnOnce(&DeadLetter) -> bool) {
        let place = Location::caller();
        let letter = self.one();
        if !expected(&letter) {
            letter.fail(place);
        }
    }

    /// Asserts that each of them is as `expected` says.
    ///
    /// # Panics
    /// If one is not, with that one.
    #[track_caller]
    pub fn assert_all(&self, expected: impl Fn(&DeadLetter) -> bool) {
        let place = Location::caller();
        if let Some(letter) = self.all().iter().find(|letter| !expected(letter)) {
            letter.fail(place);
        }
    }

    /// Asserts that there are none.
    ///
    /// # Panics
    /// If there are, with what did arrive.
    #[track_caller]
    pub fn assert_none(&self) {
        if !self.is_empty() {
            self.unexpected(Location::caller(), "no dead letters");
        }
    }

    /// Asserts how many there are.
    ///
    /// # Panics
    /// If not, with what did arrive.
    #[track_caller]
    pub fn assert_count(&self, expected: usize) {
        if self.len() != expected {
            self.unexpected(Location::caller(), &format!("{expected} dead letters"));
        }
    }

    fn unexpected(&self, place: &Location<'_>, expected: &str) -> ! {
        let shown = show::marked(&self.all, |record| {
            !self.conditions.is_empty()
                && self.records().any(|found| std::ptr::eq(&**found, record))
        });
        let message = match self.conditions.is_empty() {
            true => format!("expected {expected}: {shown}"),
            false => {
                let (with, found) = (self.conditions.join(", "), self.len());
                format!("expected {expected} with {with}, found {found}: {shown}")
            }
        };
        fail(place, &message)
    }
}

pub(crate) fn decode(record: &OwnedRecord, place: &Location<'_>) -> DeadLetter {
    let missing = || format!("no dead letter's headers: {}", show::one(record));
    DeadLetter::read(record).unwrap_or_else(|| fail(place, &missing()))
}
