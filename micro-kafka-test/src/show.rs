//! How records look in the message of a failed assertion.

use std::fmt::Write;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;

/// How many of the first records are shown, and how many of the last.
const SHOWN_RECORDS: usize = 10;
const SHOWN_BYTES: usize = 120;

/// A list of what did arrive, one record a line, in the order of their timestamps.
pub(crate) fn records(records: &[Arc<OwnedRecord>]) -> String {
    marked(records, |_| false)
}

/// As [`records`], with a star before those that were looked for.
pub(crate) fn marked(records: &[Arc<OwnedRecord>], found: impl Fn(&OwnedRecord) -> bool) -> String {
    if records.is_empty() {
        return "nothing arrived".to_owned();
    }
    let mut ordered: Vec<&OwnedRecord> = records.iter().map(|record| &**record).collect();
    let millis = |record: &OwnedRecord| record.timestamp.millis().unwrap_or(0);
    ordered.sort_by_key(|record| (millis(record), record.partition, record.offset));
    let start = ordered.first().map_or(0, |record| millis(record));
    let mut text = format!("{} arrived:", ordered.len());
    let left_out = ordered.len().saturating_sub(2 * SHOWN_RECORDS);
    for (at, record) in ordered.iter().enumerate() {
        if at == SHOWN_RECORDS && left_out > 0 {
            let _ = write!(text, "\n  … and {left_out} more …");
        }
        if at >= SHOWN_RECORDS && at < SHOWN_RECORDS + left_out {
            continue;
        }
        let mark = if found(record) { '*' } else { ' ' };
        let after = millis(record) - start;
        let _ = write!(text, "\n{mark} {} +{after}ms", one(record));
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
            header_value(header.value.as_deref())
        );
    }
    text
}

/// Bytes as text where they are one, else in hexadecimal.
pub(crate) fn bytes(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else {
        return "null".to_owned();
    };
    match std::str::from_utf8(bytes) {
        Ok("") => "\"\"".to_owned(),
        Ok(text) if text.chars().all(|c| !c.is_control()) => shorten(text),
        _ => {
            let shown = bytes.iter().take(SHOWN_BYTES / 2);
            let hex = shown.fold("0x".to_owned(), |hex, b| hex + &format!("{b:02x}"));
            match bytes.len() > SHOWN_BYTES / 2 {
                true => hex + "…",
                false => hex,
            }
        }
    }
}

/// A header's value: Kafka's headers are texts, or numbers of four or eight bytes.
fn header_value(value: Option<&[u8]>) -> String {
    match value {
        Some(value) if value.first() == Some(&0) => match (value.try_into(), value.try_into()) {
            (Ok(int), _) => i32::from_be_bytes(int).to_string(),
            (_, Ok(long)) => i64::from_be_bytes(long).to_string(),
            _ => bytes(Some(value)),
        },
        Some(value) if value.contains(&b'\n') => {
            let lines = String::from_utf8_lossy(value);
            bytes(Some(lines.replace('\n', " | ").as_bytes()))
        }
        value => bytes(value),
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

#[cfg(test)]
mod tests {
    use micro_kafka::record::{OwnedHeader, Timestamp};

    use super::*;

    fn record(offset: i64, millis: i64) -> Arc<OwnedRecord> {
        let mut record = OwnedRecord::new("orders", 0, offset);
        record.timestamp = Timestamp::CreateTime(millis);
        record.into()
    }

    #[test]
    fn records_are_shown_in_the_order_of_their_time_and_those_found_are_marked() {
        let shown = marked(&[record(1, 250), record(0, 100)], |r| r.offset == 1);
        let expected = "2 arrived:\n  orders[0]@0 key=null payload=null +0ms\n\
                        * orders[0]@1 key=null payload=null +150ms";
        assert_eq!(shown, expected);
        assert_eq!(records(&[]), "nothing arrived");
    }

    #[test]
    fn of_many_records_the_first_and_the_last_are_shown() {
        let all: Vec<_> = (0..1_000).map(|n| record(n, n)).collect();
        let shown = records(&all);
        assert_eq!(shown.lines().count(), 1 + 10 + 1 + 10, "{shown}");
        assert!(shown.contains("@9 ") && shown.contains("… and 980 more …"));
        assert!(shown.contains("@990 ") && shown.contains("@999 "));
    }

    #[test]
    fn values_are_shown_as_what_they_are() {
        let mut record = OwnedRecord::new("orders-dlt", 2, 7);
        record.key = Some(vec![0xff; 100]);
        record.payload = Some("é".repeat(500).into_bytes());
        record.headers = vec![
            OwnedHeader::new("partition", 3_i32.to_be_bytes()),
            OwnedHeader::new("offset", 40_i64.to_be_bytes()),
            OwnedHeader::new("trace", "a\nb"),
            OwnedHeader::new("empty", ""),
        ];
        let shown = one(&record);
        assert!(
            shown.contains(&format!("key=0x{}… ", "ff".repeat(60))),
            "{shown}"
        );
        assert!(
            shown.contains(&format!("payload={}… ", "é".repeat(120))),
            "{shown}"
        );
        let headers = " partition=3 offset=40 trace=a | b empty=\"\"";
        assert!(shown.ends_with(headers), "{shown}");
    }
}
