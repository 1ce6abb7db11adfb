//! Which dead letters are meant.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::letter::{DeadLetter, Letter};
use crate::record::Record;

/// Conditions on letters: of one kind any may hold, of different kinds all must.
#[derive(Clone, Default)]
pub(super) struct Selection {
    pub(super) fingerprints: Vec<String>,
    pub(super) errors: Vec<String>,
    pub(super) listeners: Vec<String>,
    /// As the broker knows them.
    pub(super) origins: Vec<String>,
    pub(super) keys: Vec<Vec<u8>>,
    /// A name and a value, which all must be there.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    /// In milliseconds since 1970.
    pub(super) since: Option<i64>,
    /// The first moment that is not meant any more.
    pub(super) until: Option<i64>,
    pub(super) most_replays: Option<u32>,
    pub(super) predicate: Option<Arc<Predicate>>,
}

type Predicate = dyn Fn(&DeadLetter) -> bool + Send + Sync;

impl Selection {
    pub(super) fn includes(&self, letter: &Letter<'_>) -> bool {
        let Letter {
            record,
            failure,
            origin,
            replays,
        } = letter;
        let error_type = failure.error_type.as_deref();
        one_of(&self.errors, |error| {
            *error == failure.error || Some(&**error) == error_type
        }) && one_of(&self.fingerprints, |it| {
            failure.fingerprint.as_ref() == Some(it)
        }) && one_of(&self.listeners, |it| failure.listener.as_ref() == Some(it))
            && one_of(&self.origins, |topic| *topic == origin.topic)
            && one_of(&self.keys, |key| record.key() == Some(key))
            && self.headers.iter().all(|(name, value)| {
                let mut headers = record.headers();
                headers.any(|it| it.raw_name == name.as_bytes() && it.value == Some(value))
            })
            && self.is_in_time(record)
            && self.most_replays.is_none_or(|most| *replays <= most)
            && self.predicate.as_ref().is_none_or(|holds| {
                // Last: it needs a copy.
                holds(&letter.to_dead_letter())
            })
    }

    fn is_in_time(&self, record: &Record) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Some(millis) = record.timestamp().millis() else {
            return false;
        };
        self.since.is_none_or(|since| since <= millis)
            && self.until.is_none_or(|until| millis < until)
    }
}

/// Whether one of them holds; no condition at all holds.
fn one_of<T>(conditions: &[T], holds: impl Fn(&T) -> bool) -> bool {
    conditions.is_empty() || conditions.iter().any(holds)
}

/// Milliseconds since 1970.
pub(super) fn millis(time: SystemTime) -> i64 {
    let (whole, before) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (after.as_millis(), false),
        Err(before) => (before.duration().as_millis(), true),
    };
    let millis = i64::try_from(whole).unwrap_or(i64::MAX);
    if before { -millis } else { millis }
}

impl fmt::Debug for Selection {
    /// Keys and values may be what nobody should read in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers.iter().map(|(name, _)| name);
        f.debug_struct("Selection")
            .field("fingerprints", &self.fingerprints)
            .field("errors", &self.errors)
            .field("listeners", &self.listeners)
            .field("origins", &self.origins)
            .field("keys", &self.keys.len())
            .field("headers", &headers.collect::<Vec<_>>())
            .field("since", &self.since)
            .field("until", &self.until)
            .field("most_replays", &self.most_replays)
            .field("predicate", &self.predicate.is_some())
            .finish()
    }
}
