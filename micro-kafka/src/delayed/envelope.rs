//! How a record is written while it waits, and read when its time has come.
//!
//! The payload is the record's own. Its key, topic, partition and timestamp are headers before the
//! header [`ORIGINAL`], after which the record's own headers follow as they were.

use crate::record::{OwnedHeader, OwnedRecord, Record, Timestamp};

/// The header by which a record that was sent with a delay tells the id of that send. Where a
/// record comes twice after a crash, both have the same.
pub const DELAYED_ID: &str = "mk-delayed-id";

/// When it is due, in milliseconds since the Unix epoch, as text. Its own are the first headers.
pub(crate) const DUE: &str = "mk-delayed-due";
const TOPIC: &str = "mk-delayed-topic";
const KEY: &str = "mk-delayed-key";
const PARTITION: &str = "mk-delayed-partition";
const TIMESTAMP: &str = "mk-delayed-timestamp";
/// The record is a tombstone; here it has to have a payload.
const NULL: &str = "mk-delayed-null";
/// The record's own headers follow.
const ORIGINAL: &str = "mk-delayed-headers";
/// The key of the records by which a scheduler learns that it has read all that was there.
pub(super) const MARK: &[u8] = b"mk-delayed-mark";

/// What is written around a record that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope<'r> {
    /// In milliseconds since the Unix epoch.
    pub(crate) due: i64,
    /// As the broker knows it.
    pub(crate) topic: &'r str,
    pub(crate) key: Option<&'r [u8]>,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) has_payload: bool,
}

impl Envelope<'_> {
    /// Its headers, to be written before the record's own.
    pub(crate) fn write(&self, mut put: impl FnMut(&[u8], Option<&[u8]>)) {
        let mut text = |name: &str, value: String| put(name.as_bytes(), Some(value.as_bytes()));
        text(DUE, self.due.to_string());
        text(TOPIC, self.topic.to_owned());
        if let Some(partition) = self.partition {
            text(PARTITION, partition.to_string());
        }
        if let Some(millis) = self.timestamp {
            text(TIMESTAMP, millis.to_string());
        }
        if let Some(key) = self.key {
            put(KEY.as_bytes(), Some(key));
        }
        if !self.has_payload {
            put(NULL.as_bytes(), None);
        }
        put(ORIGINAL.as_bytes(), None);
    }
}

/// What a record of the topic says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said<'r> {
    /// A record waits under this id until that time.
    Waits { id: &'r str, due: i64 },
    /// What waited under this id is done or cancelled.
    Over { id: &'r str },
    /// A scheduler's mark.
    Mark,
    /// Nothing of ours.
    Foreign,
}

pub(super) fn said(record: &Record) -> Said<'_> {
    let Some(key) = record.key() else {
        return Said::Foreign;
    };
    if key == MARK {
        return Said::Mark;
    }
    let Ok(id) = std::str::from_utf8(key) else {
        return Said::Foreign;
    };
    if record.payload().is_none() {
        return Said::Over { id };
    }
    let first = record.headers().next();
    let due = first.filter(|header| header.raw_name == DUE.as_bytes());
    match due.and_then(|header| number(header.value)) {
        Some(due) => Said::Waits { id, due },
        None => Said::Foreign,
    }
}

/// The record as it is to be sent, its id among its headers; partition -1 is any. `None` if it was
/// not written by us.
pub(super) fn open(waiting: &OwnedRecord) -> Option<OwnedRecord> {
    let id = waiting.key.as_ref()?;
    let name = |header: &OwnedHeader| header.name == ORIGINAL.as_bytes();
    let own = waiting.headers.iter().position(name)?;
    let (own, original) = waiting.headers.split_at(own);
    let find = |name: &str| {
        let mut own = own.iter();
        own.find(|header| header.name == name.as_bytes())
    };
    let value = |name: &str| find(name).and_then(|header| header.value.as_deref());
    let topic = String::from_utf8(value(TOPIC)?.to_vec()).ok()?;
    let timestamp = number(value(TIMESTAMP));
    let headers = original.iter().skip(1).cloned();
    let id = OwnedHeader::new(DELAYED_ID, id.clone());
    Some(OwnedRecord {
        partition: number(value(PARTITION)).unwrap_or(-1),
        key: value(KEY).map(Into::into),
        payload: match find(NULL) {
            Some(_) => None,
            None => waiting.payload.clone(),
        },
        timestamp: timestamp.map_or(Timestamp::NotAvailable, Timestamp::CreateTime),
        headers: headers.chain([id]).collect(),
        ..OwnedRecord::new(topic, -1, -1)
    })
}

fn number<T: std::str::FromStr>(text: Option<&[u8]>) -> Option<T> {
    std::str::from_utf8(text?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(envelope: &Envelope<'_>, original: &OwnedRecord) -> OwnedRecord {
        let mut record = OwnedRecord::new("shop-delayed", 3, 17);
        record.key = Some(b"id".to_vec());
        record.payload = Some(original.payload.clone().unwrap_or_default());
        envelope.write(|name, value| {
            record.headers.push(OwnedHeader {
                name: name.into(),
                value: value.map(Into::into),
            });
        });
        record.headers.extend(original.headers.iter().cloned());
        record
    }

    fn envelope(record: &OwnedRecord) -> Envelope<'_> {
        Envelope {
            due: 1_700_000_000_000,
            topic: &record.topic,
            key: record.key.as_deref(),
            partition: (record.partition >= 0).then_some(record.partition),
            timestamp: record.timestamp.millis(),
            has_payload: record.payload.is_some(),
        }
    }

    #[test]
    fn a_record_comes_out_as_it_went_in_and_tells_its_id() {
        let mut full = OwnedRecord::new("t.orders", 2, -1);
        full.key = Some(vec![0, 255, 7]);
        full.payload = Some(b"{}".to_vec());
        full.timestamp = Timestamp::CreateTime(5);
        full.headers = vec![
            OwnedHeader::new("a", "1"),
            OwnedHeader::new("mk-delayed-key", "copied by a handler"),
            OwnedHeader {
                name: vec![0xff],
                value: None,
            },
            OwnedHeader::new("a", "2"),
        ];
        let mut bare = OwnedRecord::new("orders", -1, -1);
        bare.timestamp = Timestamp::NotAvailable;
        bare.payload = None;
        let mut empty = bare.clone();
        (empty.key, empty.payload) = (Some(Vec::new()), Some(Vec::new()));
        for original in [full, bare, empty] {
            let wrapped = waiting(&envelope(&original), &original);
            let mut expected = original.clone();
            expected.headers.push(OwnedHeader::new(DELAYED_ID, "id"));
            assert_eq!(open(&wrapped), Some(expected));
            let record = Record::from(wrapped);
            let due = 1_700_000_000_000;
            assert_eq!(said(&record), Said::Waits { id: "id", due });
        }
    }

    #[test]
    fn what_others_write_is_foreign() {
        let mut record = OwnedRecord::new("shop-delayed", 0, 0);
        record.payload = Some(b"x".to_vec());
        assert_eq!(said(&Record::from(record.clone())), Said::Foreign);
        record.key = Some(b"k".to_vec());
        assert_eq!(said(&Record::from(record.clone())), Said::Foreign);
        record.headers = vec![OwnedHeader::new(DUE, "soon")];
        assert_eq!(said(&Record::from(record.clone())), Said::Foreign);
        assert_eq!(open(&record), None);
        record.payload = None;
        let record = Record::from(record);
        assert_eq!(said(&record), Said::Over { id: "k" });
    }
}
