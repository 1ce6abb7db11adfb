//! How records look in the message of a failed assertion.

use std::fmt::Write;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;

const SHOWN_RECORDS: usize = 10;
const SHOWN_BYTES: usize = 120;

/// A list of what did arrive, one record a line.
pub(crate) fn records(records: &[Arc<OwnedRecord>]) -> String {
    if records.is_empty() {
        return "nothing arrived".to_owned();
    }
    let mut text = format!("{} arrived:", records.len());
    for record in records.iter().take(SHOWN_RECORDS) {
        let _ = write!(text, "\n  {}", one(record));
    }
    if records.len() > SHOWN_RECORDS {
        let _ = write!(text, "\n  … and {} more", records.len() - SHOWN_RECORDS);
    }
    text
}

/// One record on one line.
pub(crate) fn one(record: &OwnedRecord) -> String {
    let mut text = format!(
        "{}[{}]@{} key={} payload={}",
        record.topic,
        record.partition,
        record.offset,
        bytes(record.key.as_deref()),
        bytes(record.payload.as_deref()),
    );
    for header in &record.headers {
        let _ = write!(
            text,
            " {}={}",
            String::from_utf8_lossy(&header.name),
            bytes(header.value.as_deref())
        );
    }
    text
}

fn bytes(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else {
        return "null".to_owned();
    };
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(|c| !c.is_control()) => shorten(text),
        _ => format!(
            "0x{}",
            bytes
                .iter()
                .take(SHOWN_BYTES / 2)
                .fold(String::new(), |hex, b| hex + &format!("{b:02x}"))
        ),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_BYTES) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// An error with its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
