//! Compaction against a model, in memory and on disk.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{RETENTION, batches, read, run, settings, topic, visible};
use super::*;
use crate::batch::{BatchBuilder, Codec, Marker, RecordView, Verdict};
use crate::log::disk::DataDir;
use crate::log::disk::temporary::TemporaryDir;
use crate::meta::Topic;
use crate::partition::{Admission, Isolation};

/// What happens to a partition.
#[derive(Debug, Clone)]
enum Step {
    /// Records (key, value or tombstone) of a producer: 0 for none, 1 an idempotent one, above
    /// that transactional ones.
    Append(i64, Vec<(u8, Option<u8>)>, usize),
    End(i64, bool),
    Pass(i64),
    Compact,
    /// Deletes this many hundredths of the log.
    Delete(i64),
    /// The broker ends, with or without a stop, and starts again; nothing in memory.
    Restart(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let record = (0u8..6, proptest::option::weighted(0.7, any::<u8>()));
    let records = proptest::collection::vec(record, 1..5);
    prop_oneof![
        8 => (0i64..5, records, 0usize..5).prop_map(|(p, r, c)| Step::Append(p, r, c)),
        3 => (2i64..5, any::<bool>()).prop_map(|(p, commit)| Step::End(p, commit)),
        2 => (1i64..400).prop_map(Step::Pass),
        3 => Just(Step::Compact),
        1 => (0i64..30).prop_map(Step::Delete),
        1 => any::<bool>().prop_map(Step::Restart),
    ]
}

const CODECS: [Codec; 5] = [
    Codec::None,
    Codec::Gzip,
    Codec::Snappy,
    Codec::Lz4,
    Codec::Zstd,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
}

/// A partition, and everything that was ever appended to it.
struct World {
    partition: Partition,
    home: Option<(TemporaryDir, DataDir, Topic)>,
    settings: TopicSettings,
    now: i64,
    start: i64,
    written: BTreeMap<i64, (RecordView, i64, Fate)>,
    open: BTreeSet<i64>,
    sequences: BTreeMap<i64, i32>,
    /// When a record was first in the range of a run.
    seen: BTreeMap<i64, i64>,
    last_run: i64,
}

impl World {
    fn on_disk(segment_bytes: usize) -> Self {
        let root = TemporaryDir::new();
        let data = DataDir::open(root.path(), 0).unwrap();
        let topic = topic(segment_bytes);
        Self {
            partition: Partition::open(&data, &topic, 0, 0),
            home: Some((root, data, topic)),
            ..Self::new(segment_bytes)
        }
    }

    fn new(segment_bytes: usize) -> Self {
        Self {
            partition: Partition::new(0),
            home: None,
            settings: settings(segment_bytes),
            now: 1000,
            start: 0,
            written: BTreeMap::new(),
            open: BTreeSet::new(),
            sequences: BTreeMap::new(),
            seen: BTreeMap::new(),
            last_run: 0,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append(producer, of, codec) => self.append(*producer, of, CODECS[*codec]),
            Step::End(producer, commit) => self.end(*producer, *commit),
            Step::Pass(millis) => self.now += millis,
            Step::Compact => self.compact(),
            Step::Restart(stops) => self.restart(*stops),
            Step::Delete(hundredths) => {
                let end = self.partition.core.lock().log.end_offset();
                let offset = self.start + (end - self.start) * hundredths / 100;
                let start = self.partition.delete_before(Some(offset));
                self.start = start.unwrap();
                assert_eq!(self.start, offset);
            }
        }
        self.check();
    }

    fn restart(&mut self, stops: bool) {
        let Some((_, data, topic)) = &self.home else {
            return;
        };
        if stops {
            self.partition.close().unwrap();
        }
        let end = self.partition.core.lock().log.end_offset();
        self.partition = Partition::open(data, topic, 0, 0);
        assert_eq!(self.partition.core.lock().log.end_offset(), end);
        // What was deleted is noted now and then only.
        let start = self.partition.start_offset();
        assert!(start <= self.start);
        self.start = start;
    }

    fn append(&mut self, producer: i64, of: &[(u8, Option<u8>)], codec: Codec) {
        let mut builder = BatchBuilder::new().codec(codec).base_timestamp(self.now);
        if producer > 0 {
            let next = self.sequences.entry(producer).or_default();
            builder = builder.producer(producer, 0, *next);
            *next += i32::try_from(of.len()).unwrap();
        }
        let fate = match producer {
            2.. => Fate::Open,
            _ => Fate::Committed,
        };
        if fate == Fate::Open {
            builder = builder.flags(0x10);
            self.open.insert(producer);
        }
        let headers = [("h", Some("1")), ("h", None), ("h", Some("1"))];
        for (index, (key, value)) in of.iter().enumerate() {
            let value = value.map(|value| vec![value; 30]);
            let shown = &headers[..index.min(3)];
            builder = builder.record_with(Some(&[*key]), value.as_deref(), self.now + 3, shown);
        }
        let appended = self.partition.append(
            &builder.build(),
            &self.settings,
            Admission::Verified,
            self.now,
        );
        let base = appended.unwrap().base_offset;
        for mut record in read(&builder.build()) {
            record.offset += base;
            self.written.insert(record.offset, (record, producer, fate));
        }
    }

    fn end(&mut self, producer: i64, commit: bool) {
        if !self.open.remove(&producer) {
            return;
        }
        let verdict = if commit {
            Verdict::Commit
        } else {
            Verdict::Abort
        };
        let marker = Marker {
            producer_id: producer,
            producer_epoch: 0,
            verdict,
            coordinator_epoch: 0,
        };
        self.partition.end_transaction(&marker, self.now).unwrap();
        for (_, by, fate) in self.written.values_mut() {
            if *by == producer && *fate == Fate::Open {
                *fate = if commit {
                    Fate::Committed
                } else {
                    Fate::Aborted
                };
            }
        }
    }

    fn compact(&mut self) {
        let Some(range) = self.partition.dirty_range(&self.settings.cleanup, self.now) else {
            return;
        };
        let stable = self.partition.core.lock().last_stable_offset();
        let due = range.is_due(&self.settings.cleanup);
        assert!(!due || range.end <= stable);
        let untouched = |world: &Self| {
            let all = batches(&world.partition, Isolation::ReadUncommitted).into_iter();
            let beyond = all.filter(|(header, ..)| header.base_offset >= range.end);
            beyond.map(|(_, batch, _)| batch).collect::<Vec<_>>()
        };
        let before = untouched(self);
        if run(&self.partition, &self.settings, self.now).is_none() {
            return;
        }
        assert_eq!(untouched(self), before, "what is not stable is not touched");
        self.last_run = self.now;
        for (&offset, _) in self.written.range(..range.end) {
            self.seen.entry(offset).or_insert(self.now);
        }
        self.check_compacted(range.end);
    }

    /// Of the compacted part no key is there twice, and nothing that was aborted.
    fn check_compacted(&self, end: i64) {
        let raw = visible(&self.partition, Isolation::ReadUncommitted);
        let mut keys = BTreeSet::new();
        for record in raw.iter().filter(|record| record.offset < end) {
            assert!(keys.insert(record.key.clone()), "twice: {record:?}");
            assert_eq!(
                self.written[&record.offset].2,
                Fate::Committed,
                "{record:?}"
            );
        }
    }

    /// What a reader of committed records sees is what was written, the last of each key.
    fn check(&self) {
        let core_start = self.partition.core.lock().log.start_offset();
        assert_eq!(core_start, self.start, "the log begins where it did");
        let stable = self.partition.core.lock().last_stable_offset();
        let shown = visible(&self.partition, Isolation::ReadCommitted);
        for record in &shown {
            let (written, _, fate) = &self.written[&record.offset];
            assert_eq!((record, *fate), (written, Fate::Committed));
        }
        let mut last = BTreeMap::new();
        for (offset, (record, _, fate)) in self.written.range(self.start..stable) {
            if *fate == Fate::Committed {
                last.insert(record.key.clone(), (*offset, record.value.is_none()));
            }
        }
        let seen: BTreeMap<_, _> = shown.iter().map(|r| (r.key.clone(), r.offset)).collect();
        for (key, (offset, is_tombstone)) in &last {
            if seen.get(key) == Some(offset) {
                continue;
            }
            assert!(is_tombstone, "lost: {key:?} at {offset}");
            let first = self.seen.get(offset).copied().unwrap_or(i64::MAX / 2);
            assert!(
                self.last_run >= first + RETENTION,
                "a tombstone went early: {offset}"
            );
            assert_eq!(seen.get(key), None, "a deleted key is back");
        }
        self.check_sequences();
    }

    /// The last sequence of each producer can still be read from the log.
    fn check_sequences(&self) {
        let all = batches(&self.partition, Isolation::ReadUncommitted);
        let core = self.partition.core.lock();
        for (producer, last) in core.producers.last_writes() {
            let Some(offset) = last.data_offset.filter(|offset| *offset >= self.start) else {
                continue;
            };
            let batch = all.iter().find(|(header, ..)| {
                header.producer_id == producer && header.last_offset() == offset
            });
            let (header, ..) = batch.expect("the producer's last batch");
            assert_eq!(header.last_sequence() + 1, self.sequences[&producer]);
        }
    }
}

/// Lets all that was begun come to its end.
fn finish(world: &mut World) {
    for producer in 2..5 {
        world.step(&Step::End(producer, true));
    }
    // A record that pushes everything else out of the active segment.
    world.step(&Step::Append(0, vec![(99, Some(0)); 60], 0));
    for _ in 0..3 {
        world.step(&Step::Compact);
        world.step(&Step::Pass(RETENTION + 1));
        world.step(&Step::Append(0, vec![(99, Some(0)); 60], 0));
    }
}

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1usize), Just(400), Just(1500)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn a_reader_of_committed_records_sees_what_was_written_last(
        steps in proptest::collection::vec(step(), 1..60),
        segment_bytes in sizes(),
    ) {
        let mut world = World::new(segment_bytes);
        for step in &steps {
            world.step(step);
        }
        finish(&mut world);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn a_log_on_disk_is_compacted_as_one_in_memory_and_comes_back(
        steps in proptest::collection::vec(step(), 1..40),
        segment_bytes in sizes(),
    ) {
        let mut world = World::on_disk(segment_bytes);
        for step in &steps {
            world.step(step);
        }
        finish(&mut world);
        world.step(&Step::Restart(true));
        world.step(&Step::Restart(false));
    }
}
