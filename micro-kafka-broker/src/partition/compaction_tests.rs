use std::collections::BTreeSet;

use super::*;
use crate::batch::{BatchBuilder, RecordView, records};
use crate::meta::{BrokerConfig, Catalog, NewTopic, Topic};
use crate::partition::{Admission, Isolation, ReadRequest};

/// `delete.retention.ms` of the topic.
pub(super) const RETENTION: i64 = 500;

/// Settings of a compacted topic with segments of so many bytes.
pub(super) fn settings(segment_bytes: usize) -> TopicSettings {
    topic(segment_bytes).settings
}

pub(super) fn topic(segment_bytes: usize) -> Topic {
    let new = NewTopic {
        name: "t".to_owned(),
        partitions: 1,
        replication_factor: 1,
        configs: [
            ("cleanup.policy", "compact"),
            ("min.cleanable.dirty.ratio", "0"),
            ("delete.retention.ms", "500"),
        ]
        .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
        .to_vec(),
        ..NewTopic::default()
    };
    let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
    let mut topic = Topic::clone(&catalog.create_topic(&new, true).unwrap());
    topic.settings.layout.segment_bytes = segment_bytes;
    topic
}

pub(super) fn run(partition: &Partition, settings: &TopicSettings, now: i64) -> Option<Compacted> {
    let range = partition.dirty_range(&settings.cleanup, now)?;
    if !range.is_due(&settings.cleanup) {
        return None;
    }
    let run = CompactionRun {
        settings,
        now_millis: now,
        key_bytes: 1 << 20,
        is_stopped: &|| false,
    };
    Some(partition.compact(&range, run).unwrap())
}

fn append(partition: &Partition, settings: &TopicSettings, batch: &BatchBuilder) -> i64 {
    let batch = batch.build();
    let appended = partition.append(&batch, settings, Admission::Verified, 0);
    appended.unwrap().base_offset
}

fn keyed(key: &str, value: Option<&str>) -> BatchBuilder {
    BatchBuilder::new().record(Some(key.as_bytes()), value.map(str::as_bytes), 0)
}

/// All batches from the start that a reader sees, with the aborted transactions it is told.
pub(super) fn batches(partition: &Partition, isolation: Isolation) -> Vec<(Header, Bytes, bool)> {
    let mut offset = partition.core.lock().log.start_offset();
    let mut all = Vec::new();
    let mut aborted = BTreeSet::new();
    loop {
        let request = ReadRequest {
            offset,
            max_bytes: 400,
            at_least_one: true,
            isolation,
        };
        let outcome = partition.read(request).unwrap();
        let mut bytes = joined(outcome.records);
        if bytes.is_empty() {
            return all;
        }
        let mut told = outcome.aborted;
        while !bytes.is_empty() {
            let header = Header::read(&bytes).unwrap();
            let batch = bytes.split_to(header.size().unwrap());
            assert!(header.last_offset() >= offset, "read twice");
            offset = header.last_offset() + 1;
            told.retain(|begun| {
                let is_begun = begun.first_offset <= header.last_offset();
                if is_begun {
                    aborted.insert(begun.producer_id);
                }
                !is_begun
            });
            let is_aborted = header.is_transactional() && aborted.contains(&header.producer_id);
            if header.is_control() {
                aborted.remove(&header.producer_id);
            }
            all.push((header, batch, is_aborted));
        }
    }
}

pub(super) fn read(batch: &Bytes) -> Vec<RecordView> {
    records(batch).unwrap().map(Result::unwrap).collect()
}

/// What such a reader sees of the records.
pub(super) fn visible(partition: &Partition, isolation: Isolation) -> Vec<RecordView> {
    let start = partition.core.lock().log.start_offset();
    let batches = batches(partition, isolation).into_iter();
    let shown = batches.filter(|(header, _, aborted)| {
        let hidden = *aborted && isolation == Isolation::ReadCommitted;
        !header.is_control() && !hidden
    });
    let records = shown.flat_map(|(_, batch, _)| read(&batch));
    records.filter(|record| record.offset >= start).collect()
}

fn offsets(partition: &Partition) -> Vec<i64> {
    let records = visible(partition, Isolation::ReadCommitted);
    records.iter().map(|record| record.offset).collect()
}

#[test]
fn a_reader_sees_the_last_record_of_each_key_and_the_log_begins_where_it_did() {
    let (partition, settings) = (Partition::new(0), settings(1));
    for (key, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1"), ("c", "2")] {
        append(&partition, &settings, &keyed(key, Some(value)));
    }
    let done = run(&partition, &settings, 1000).unwrap();
    assert_eq!((done.end, done.keys, done.unreadable), (4, 3, None));
    assert!(done.bytes_after < done.bytes_before);
    assert_eq!(
        offsets(&partition),
        [1, 2, 3, 4],
        "the active segment is as it was"
    );
    assert_eq!(partition.core.lock().log.start_offset(), 0);
    assert_eq!(run(&partition, &settings, 1000), None, "nothing is dirty");
    append(&partition, &settings, &keyed("a", Some("3")));
    append(&partition, &settings, &keyed("b", Some("2")));
    run(&partition, &settings, 1000).unwrap();
    assert_eq!(offsets(&partition), [1, 4, 5, 6]);
}

#[test]
fn what_cannot_be_read_stays_and_is_named() {
    let (partition, mut settings) = (Partition::new(0), settings(1));
    settings.rules.keys_needed = false;
    append(&partition, &settings, &keyed("a", Some("1")));
    let mut broken = keyed("a", Some("not compressed")).build().to_vec();
    broken[22] |= 4;
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &broken[21..]);
    broken[17..21].copy_from_slice(&u32::try_from(crc).unwrap().to_be_bytes());
    let appended = partition.append(&broken.clone().into(), &settings, Admission::Plain, 0);
    assert_eq!(appended.unwrap().base_offset, 1);
    append(&partition, &settings, &keyed("a", Some("2")));
    append(&partition, &settings, &keyed("b", Some("1")));
    let done = run(&partition, &settings, 1000).unwrap();
    assert_eq!(done.unreadable, Some(1));
    let left = batches(&partition, Isolation::ReadUncommitted);
    let bases: Vec<_> = left.iter().map(|(header, ..)| header.base_offset).collect();
    assert_eq!(bases, [1, 2, 3]);
    assert_eq!(left[0].1[16..], broken[16..]);
}

#[test]
fn a_run_ends_when_it_is_stopped_or_the_topic_is_gone() {
    let (partition, settings) = (Partition::new(0), settings(1));
    for _ in 0..4 {
        append(&partition, &settings, &keyed("a", Some("1")));
    }
    let range = partition.dirty_range(&settings.cleanup, 0).unwrap();
    let interrupted = |is_stopped: &(dyn Fn() -> bool + Sync)| {
        let run = CompactionRun {
            settings: &settings,
            now_millis: 0,
            key_bytes: 1 << 20,
            is_stopped,
        };
        let outcome = partition.compact(&range, run);
        assert!(matches!(outcome, Err(Interrupted)));
    };
    interrupted(&|| true);
    assert_eq!(offsets(&partition), [0, 1, 2, 3]);
    // The segments go while the run reads them.
    let deletes = || {
        partition.delete_before(Some(2)).unwrap();
        false
    };
    interrupted(&deletes);
    assert_eq!(offsets(&partition), [2, 3]);
    let ends = || {
        partition.delete();
        false
    };
    interrupted(&ends);
}

#[test]
fn many_small_runs_do_the_same_as_one() {
    let (partition, settings) = (Partition::new(0), settings(200));
    for i in 0..60 {
        append(
            &partition,
            &settings,
            &keyed(&format!("k{}", i % 7), Some("v")),
        );
    }
    let range = partition.dirty_range(&settings.cleanup, 0).unwrap();
    let mut range = Some(range).filter(|range| range.is_due(&settings.cleanup));
    let mut runs = 0;
    while let Some(due) = range {
        let run = CompactionRun {
            settings: &settings,
            now_millis: 0,
            key_bytes: 100,
            is_stopped: &|| false,
        };
        let done = partition.compact(&due, run).unwrap();
        assert!(done.end > due.from, "every run gets further");
        runs += 1;
        range = partition.dirty_range(&settings.cleanup, 0);
        range = range.filter(|range| range.is_due(&settings.cleanup));
    }
    assert!(runs > 10);
    let compacted_to = usize::try_from(partition.core.lock().compacted_to).unwrap();
    let keys: BTreeSet<_> = (compacted_to - 7..compacted_to).collect();
    let shown = offsets(&partition);
    let compacted = shown
        .iter()
        .filter(|o| usize::try_from(**o).unwrap() < compacted_to);
    let compacted: BTreeSet<_> = compacted.map(|o| usize::try_from(*o).unwrap()).collect();
    assert_eq!(compacted, keys);
}
