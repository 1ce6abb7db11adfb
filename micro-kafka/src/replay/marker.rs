//! The headers of a replayed record, and whom it concerns.

use crate::record::{OwnedHeader, Record, Timestamp};

/// Which replay sent it: a text.
pub const REPLAY_ID: &str = "mk-replay-id";
/// The consumer group that it is for, as the broker knows it: a text.
pub const REPLAY_GROUP: &str = "mk-replay-group";
/// The topic that it was replayed to, as the broker knows it: elsewhere the group means nothing.
pub const REPLAY_TOPIC: &str = "mk-replay-topic";
/// The dead letter that it was, as `topic-partition@offset`: a text.
pub const REPLAY_OF: &str = "mk-replay-of";
/// How often the record was replayed, this time included: a text.
pub const REPLAY_COUNT: &str = "mk-replay-count";

/// What a later replay replaces.
const ALL: [&str; 5] = [
    REPLAY_ID,
    REPLAY_GROUP,
    REPLAY_TOPIC,
    REPLAY_OF,
    REPLAY_COUNT,
];

/// A record for one group has a timestamp of a multiple of this, in milliseconds, and markers are
/// looked for in such records only: librdkafka takes longer to tell that there are no headers than a
/// plain listener takes for all the rest.
const STEP: i64 = 64;

/// The nearest time at which markers are looked for.
pub(super) fn marked_time(millis: i64) -> i64 {
    millis
        .saturating_add(STEP / 2)
        .div_euclid(STEP)
        .saturating_mul(STEP)
}

#[inline]
fn may_be_marked(record: &Record) -> bool {
    match record.timestamp() {
        Timestamp::CreateTime(millis) => millis % STEP == 0,
        // The broker has put its own time in the place of the replay's.
        Timestamp::LogAppendTime(_) | Timestamp::NotAvailable => true,
    }
}

/// What a replay says of a record that it sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marker<'m> {
    pub(super) id: &'m str,
    pub(super) group: Option<&'m [u8]>,
    pub(super) topic: &'m str,
    pub(super) of: &'m str,
    pub(super) count: u32,
}

impl Marker<'_> {
    pub(super) fn write(&self, headers: &mut Vec<OwnedHeader>) {
        headers.push(OwnedHeader::new(REPLAY_ID, self.id));
        if let Some(group) = self.group {
            headers.push(OwnedHeader::new(REPLAY_GROUP, group));
            headers.push(OwnedHeader::new(REPLAY_TOPIC, self.topic));
        }
        headers.push(OwnedHeader::new(REPLAY_OF, self.of));
        headers.push(OwnedHeader::new(REPLAY_COUNT, self.count.to_string()));
    }
}

/// Whether a header was written by a replay.
pub(super) fn is_marker(name: &[u8]) -> bool {
    name.starts_with(b"mk-replay-") && ALL.iter().any(|marker| name == marker.as_bytes())
}

/// Whether a replay sent this record for another group than that one.
///
/// A marker counts in the topic only that it was written for: a handler that passes on the headers
/// of its record, and a dead letter, hide nothing from anybody.
#[inline]
pub(crate) fn is_for_another(record: &Record, group: &str) -> bool {
    may_be_marked(record) && names_another(record, group)
}

#[inline(never)]
fn names_another(record: &Record, group: &str) -> bool {
    let (mut wanted, mut topic) = (None, None);
    for header in record.headers() {
        if !header.raw_name.starts_with(b"mk-replay-") {
            continue;
        }
        if header.raw_name == REPLAY_GROUP.as_bytes() {
            wanted = header.value;
        } else if header.raw_name == REPLAY_TOPIC.as_bytes() {
            topic = header.value;
        }
    }
    match (wanted, topic) {
        (Some(wanted), Some(topic)) => {
            wanted != group.as_bytes() && topic == record.topic().as_bytes()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::OwnedRecord;

    proptest! {
        #[test]
        fn a_marked_time_is_near_and_seen(millis in -1_000_000_i64..4_000_000_000_000) {
            let marked = marked_time(millis);
            prop_assert!((marked - millis).abs() <= STEP / 2);
            let mut record = OwnedRecord::new("orders", 0, 7);
            record.timestamp = Timestamp::CreateTime(marked);
            prop_assert!(may_be_marked(&record.into()));
        }
    }

    fn marked(topic: &str, group: Option<&[u8]>, replayed_to: &str) -> Record {
        let mut record = OwnedRecord::new(topic, 0, 7);
        let marker = Marker {
            id: "fix",
            group,
            topic: replayed_to,
            of: "orders-dlt-0@3",
            count: 1,
        };
        marker.write(&mut record.headers);
        record.into()
    }

    #[test]
    fn a_marker_concerns_one_group_of_one_topic() {
        let replayed = marked("orders", Some(b"billing"), "orders");
        assert!(is_for_another(&replayed, "audit"));
        assert!(!is_for_another(&replayed, "billing"));
        let passed_on = marked("invoices", Some(b"billing"), "orders");
        assert!(!is_for_another(&passed_on, "audit"), "another topic");
        let for_all = marked("orders", None, "orders");
        assert!(!is_for_another(&for_all, "audit"));
        let plain = Record::from(OwnedRecord::new("orders", 0, 7));
        assert!(!is_for_another(&plain, "audit"));
    }

    #[test]
    fn only_its_own_headers_are_markers() {
        assert!(ALL.iter().all(|name| is_marker(name.as_bytes())));
        assert!(!is_marker(b"mk-replay-mine") && !is_marker(b"mk-error"));
    }
}
