//! A dead letter as a line of JSON: bytes in Base64, null told from empty, headers in their order.

use serde::{Deserialize, Serialize};

use super::base64::{decoded, encoded};
use super::letter::DeadLetter;
use crate::error::Failure;
use crate::record::{OwnedHeader, OwnedRecord, Record, Timestamp};

/// What a line holds; what it says of the failure is for people, and read from the headers again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Line {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp_type: Option<TimestampType>,
    key: Option<String>,
    payload: Option<String>,
    headers: Vec<Header>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Said>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum TimestampType {
    CreateTime,
    LogAppendTime,
}

/// A header; its name in Base64, if it is not UTF-8.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Header {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_base64: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Said {
    error: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listener: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
}

/// Writes a letter, without the end of the line.
pub(super) fn write(record: &Record, failure: &Failure) -> Result<String, serde_json::Error> {
    let text = |bytes: Option<&[u8]>| bytes.map(encoded);
    let (timestamp, timestamp_type) = match record.timestamp() {
        Timestamp::NotAvailable => (None, None),
        Timestamp::CreateTime(millis) => (Some(millis), Some(TimestampType::CreateTime)),
        Timestamp::LogAppendTime(millis) => (Some(millis), Some(TimestampType::LogAppendTime)),
    };
    let headers = record.headers().map(|header| {
        let name = std::str::from_utf8(header.raw_name).ok();
        Header {
            name: name.map(str::to_owned),
            name_base64: name.is_none().then(|| encoded(header.raw_name)),
            value: text(header.value),
        }
    });
    serde_json::to_string(&Line {
        topic: record.topic().to_owned(),
        partition: record.partition(),
        offset: record.offset(),
        timestamp,
        timestamp_type,
        key: text(record.key()),
        payload: text(record.payload()),
        headers: headers.collect(),
        failure: Some(Said {
            error: failure.error.clone(),
            listener: failure.listener.clone(),
            fingerprint: failure.fingerprint.clone(),
        }),
    })
}

/// Reads a line that [`write`] has written; why not, if it is none.
pub(super) fn read(line: &str) -> Result<OwnedRecord, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let headers = line.headers.into_iter().map(|header| {
        let name = match (header.name, header.name_base64) {
            (Some(name), None) => name.into_bytes(),
            (None, Some(name)) => bytes("a header's name", &name)?,
            _ => return Err("a header has either `name` or `name-base64`".to_owned()),
        };
        let value = optional("a header's value", header.value)?;
        Ok(OwnedHeader { name, value })
    });
    Ok(OwnedRecord {
        headers: headers.collect::<Result<_, _>>()?,
        topic: line.topic,
        partition: line.partition,
        offset: line.offset,
        key: optional("`key`", line.key)?,
        payload: optional("`payload`", line.payload)?,
        timestamp: match (line.timestamp, line.timestamp_type) {
            (None, _) => Timestamp::NotAvailable,
            (Some(millis), Some(TimestampType::LogAppendTime)) => Timestamp::LogAppendTime(millis),
            (Some(millis), _) => Timestamp::CreateTime(millis),
        },
    })
}

impl DeadLetter {
    /// The letter as the line of JSON that [`Replay::export`](super::Replay::export) writes.
    ///
    /// # Errors
    /// If JSON cannot hold it, which no letter of a topic brings about.
    pub fn to_json_line(&self) -> Result<String, serde_json::Error> {
        write(&self.record.clone().into(), &self.failure)
    }
}

fn optional(what: &str, text: Option<String>) -> Result<Option<Vec<u8>>, String> {
    text.map(|text| bytes(what, &text)).transpose()
}

/// The bytes of a text in Base64, padded as `write` does it.
fn bytes(what: &str, text: &str) -> Result<Vec<u8>, String> {
    decoded(text).ok_or_else(|| format!("{what} is no Base64 with padding"))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;

    fn failure() -> Failure {
        let mut letter = OwnedRecord::new("orders-dlt", 0, 0);
        letter.headers = vec![
            OwnedHeader::new("mk-error", "Timeout"),
            OwnedHeader::new("kafka_dlt-original-topic", "orders"),
            OwnedHeader::new("kafka_dlt-original-partition", 1_i32.to_be_bytes()),
            OwnedHeader::new("kafka_dlt-original-offset", 7_i64.to_be_bytes()),
        ];
        Failure::from_record(&letter.into()).unwrap()
    }

    fn records() -> impl Strategy<Value = OwnedRecord> {
        let bytes = || of(vec(any::<u8>(), 0..40));
        let names = prop_oneof![
            vec(any::<u8>(), 0..8),
            Just(b"mk-error".to_vec()),
            Just("größe".into())
        ];
        let header = (names, bytes()).prop_map(|(name, value)| OwnedHeader { name, value });
        let timestamp = prop_oneof![
            Just(Timestamp::NotAvailable),
            any::<i64>().prop_map(Timestamp::CreateTime),
            any::<i64>().prop_map(Timestamp::LogAppendTime),
        ];
        let place = (any::<i32>(), any::<i64>());
        let parts = (place, bytes(), bytes(), vec(header, 0..6), timestamp);
        parts.prop_map(
            |((partition, offset), key, payload, headers, timestamp)| OwnedRecord {
                topic: "orders-dlt".into(),
                partition,
                offset,
                key,
                payload,
                timestamp,
                headers,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_byte_for_byte(record in records()) {
            let line = write(&record.clone().into(), &failure()).unwrap();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(read(&line).unwrap(), record);
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in ".{0,60}") {
            let _ = read(&text);
        }
    }

    #[test]
    fn a_damaged_line_says_what_is_wrong() {
        let damaged = |line: &str| read(line).unwrap_err();
        assert!(damaged("{").contains("EOF"));
        let line = |header: &str, key: &str| {
            format!(
                r#"{{"topic":"t","partition":0,"offset":1,"timestamp":null,"key":{key},"payload":null,"headers":[{header}]}}"#
            )
        };
        assert!(damaged(&line("", "\"x\"")).contains("`key` is no Base64"));
        assert!(damaged(&line(r#"{"value":null}"#, "null")).contains("name-base64"));
        assert_eq!(read(&line("", "\"\"")).unwrap().key, Some(Vec::new()));
    }
}
