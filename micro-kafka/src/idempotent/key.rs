//! The key of a record.

use super::KeyDef;
use crate::error::ListenerError;
use crate::listener::Delivery;

/// A longer one does not fit into an index of every store.
const LONGEST: usize = 1_024;

/// A record without a key, or with one that no store takes; it is dead-lettered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRejection {
    /// The header is missing or empty.
    #[error(
        "no header `{0}` to tell duplicates by: let its producer write it, or compute the key by a \
         function, `None` for records without"
    )]
    NoHeader(&'static str),
    /// The record has no key.
    #[error("the record has no key to tell duplicates by")]
    NoKey,
    /// The key is too long.
    #[error("a key of {0} bytes: at most {LONGEST} tell duplicates apart")]
    TooLong(usize),
}

impl KeyDef {
    /// The key of that record; `None` if it is handled without.
    pub(super) fn of(self, delivery: &Delivery) -> Result<Option<String>, ListenerError> {
        let record = delivery.record();
        let key = match self {
            Self::Header(name) => {
                let header = record.headers().get(name);
                let value = header.and_then(|header| header.value);
                let value = value.filter(|value| !value.is_empty());
                Some(text(value.ok_or_else(|| {
                    ListenerError::decode(KeyRejection::NoHeader(name))
                })?))
            }
            Self::RecordKey => {
                let key = record.key();
                let key = key.ok_or_else(|| ListenerError::decode_key(KeyRejection::NoKey))?;
                Some(text(key))
            }
            Self::Offset => Some(place(delivery)),
            Self::Computed(compute) => compute(delivery)?,
        };
        match key {
            Some(key) if key.len() > LONGEST => {
                Err(ListenerError::decode(KeyRejection::TooLong(key.len())))
            }
            key => Ok(key),
        }
    }
}

/// Bytes that are no text are written in hexadecimal digits.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text.to_owned(),
        _ => bytes.iter().fold("0x".to_owned(), |mut text, byte| {
            use std::fmt::Write as _;
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }),
    }
}

/// Where the record was first.
fn place(delivery: &Delivery) -> String {
    let record = delivery.record();
    let topics = delivery.listener().retry_topics.as_ref();
    let origin = topics.and_then(|topics| topics.origin(record));
    match origin {
        Some((topic, partition, offset)) => format!("{topic}-{partition}@{offset}"),
        None => {
            let (topic, partition) = (record.topic(), record.partition());
            format!("{topic}-{partition}@{}", record.offset())
        }
    }
}
