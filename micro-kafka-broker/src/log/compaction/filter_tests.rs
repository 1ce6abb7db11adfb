use super::*;
use crate::batch::{BatchBuilder, Marker, RecordView, Verdict, patch_prefix, records};

const RULES: FilterRules = FilterRules {
    now: 10_000,
    delete_retention_ms: 500,
    range_end: 1000,
};

fn placed(batch: &Bytes, offset: i64) -> Bytes {
    let mut bytes = batch.to_vec();
    patch_prefix(&mut bytes, offset, 0);
    bytes.into()
}

/// A batch of these keys and values from an offset on.
fn batch(offset: i64, of: &[(&str, Option<&str>)]) -> Bytes {
    placed(&keyed(BatchBuilder::new(), of).build(), offset)
}

fn keyed(builder: BatchBuilder, of: &[(&str, Option<&str>)]) -> BatchBuilder {
    of.iter().fold(builder, |builder, (key, value)| {
        builder.record(Some(key.as_bytes()), value.map(str::as_bytes), 7)
    })
}

fn transactional(producer_id: i64, offset: i64, of: &[(&str, Option<&str>)]) -> Bytes {
    let builder = BatchBuilder::new().producer(producer_id, 0, 0).flags(0x10);
    placed(&keyed(builder, of).build(), offset)
}

fn marker(producer_id: i64, offset: i64, verdict: Verdict) -> Bytes {
    let marker = Marker {
        producer_id,
        producer_epoch: 0,
        verdict,
        coordinator_epoch: 0,
    };
    placed(&marker.batch(7).bytes, offset)
}

fn read(batch: &Bytes) -> Vec<RecordView> {
    records(batch).unwrap().map(Result::unwrap).collect()
}

/// A log and what is known about it.
#[derive(Default)]
struct World {
    batches: Vec<Bytes>,
    aborted: Vec<AbortedEntry>,
    last_writes: HashMap<i64, LastOfProducer>,
}

impl World {
    fn of(batches: &[Bytes]) -> Self {
        Self {
            batches: batches.to_vec(),
            ..Self::default()
        }
    }

    /// Runs over all batches; the aborted transactions that stay are kept.
    fn run(&mut self, rules: FilterRules) {
        let mut last_offsets = LastOffsets::new(0, self.aborted.clone(), 1 << 20);
        for batch in &self.batches {
            assert!(last_offsets.note(&Header::read(batch).unwrap(), batch));
        }
        let aborted = std::mem::take(&mut self.aborted);
        let mut filter = Filter::new(&last_offsets, &self.last_writes, aborted, rules);
        let mut left = Vec::new();
        for batch in self.batches.drain(..) {
            match filter.pass(&Header::read(&batch).unwrap(), &batch) {
                Ok(Kept::Whole) | Err(_) => left.push(batch),
                Ok(Kept::Instead(other)) => left.push(other),
                Ok(Kept::Nothing) => {}
            }
        }
        self.aborted = filter.aborted_so_far().to_vec();
        self.batches = left;
    }

    fn offsets(&self) -> Vec<i64> {
        let all = self.batches.iter().flat_map(read);
        all.map(|record| record.offset).collect()
    }
}

fn at(now: i64) -> FilterRules {
    FilterRules { now, ..RULES }
}

#[test]
fn the_last_record_of_each_key_is_kept_at_its_offset() {
    let mut world = World::of(&[
        batch(0, &[("a", Some("1")), ("b", Some("1"))]),
        batch(2, &[("a", Some("2"))]),
        batch(3, &[("c", Some("1")), ("a", Some("3"))]),
    ]);
    world.run(RULES);
    assert_eq!(world.offsets(), [1, 3, 4]);
    assert_eq!(world.batches.len(), 2, "an empty batch goes");
}

#[test]
fn a_record_without_a_key_goes() {
    let both = BatchBuilder::new()
        .value("x")
        .record(Some(b"k"), Some(b"v"), 0);
    let mut world = World::of(&[both.build()]);
    world.run(RULES);
    assert_eq!(world.offsets(), [1]);
}

#[test]
fn a_tombstone_stays_for_its_retention_and_its_time_is_in_the_header() {
    let mut world = World::of(&[
        batch(0, &[("a", Some("1")), ("b", Some("1"))]),
        batch(2, &[("a", None)]),
    ]);
    world.run(at(10_000));
    assert_eq!(world.offsets(), [1, 2]);
    let header = Header::read(&world.batches[1]).unwrap();
    assert_eq!(header.delete_horizon(), Some(10_500));
    assert_eq!(read(&world.batches[1])[0].timestamp, 7);
    world.run(at(10_499));
    assert_eq!(world.offsets(), [1, 2]);
    let header = Header::read(&world.batches[1]).unwrap();
    assert_eq!(header.delete_horizon(), Some(10_500), "it is decided once");
    world.run(at(10_500));
    assert_eq!(world.offsets(), [1]);
}

#[test]
fn the_last_batch_of_the_range_is_kept_without_records() {
    let mut world = World::of(&[batch(0, &[("a", Some("1"))]), batch(1, &[("b", None)])]);
    let rules = FilterRules {
        range_end: 2,
        delete_retention_ms: 0,
        ..RULES
    };
    world.run(rules);
    world.run(rules);
    assert_eq!(world.offsets(), [0]);
    let header = Header::read(&world.batches[1]).unwrap();
    assert_eq!((header.last_offset(), header.record_count), (1, 0));
    let emptied = world.batches[1].clone();
    world.run(rules);
    assert_eq!(world.batches[1], emptied);
}

#[test]
fn a_producers_last_batch_is_kept_for_its_sequence() {
    let own = |offset, key, sequence| {
        let builder = BatchBuilder::new().producer(5, 2, sequence);
        placed(&keyed(builder, &[(key, Some("1"))]).build(), offset)
    };
    let mut world = World::of(&[
        own(0, "a", 0),
        own(1, "a", 1),
        batch(2, &[("a", Some("2"))]),
    ]);
    let last = LastOfProducer {
        data_offset: Some(1),
        epoch: 2,
    };
    world.last_writes.insert(5, last);
    world.run(RULES);
    assert_eq!(world.offsets(), [2]);
    let header = Header::read(&world.batches[0]).unwrap();
    assert_eq!((header.last_sequence(), header.record_count), (1, 0));
}

#[test]
fn aborted_records_go_and_count_for_nothing() {
    let mut world = World::of(&[
        batch(0, &[("a", Some("1"))]),
        transactional(9, 1, &[("a", Some("2"))]),
        marker(9, 2, Verdict::Abort),
        batch(3, &[("b", Some("1"))]),
    ]);
    world.aborted = vec![AbortedEntry {
        producer_id: 9,
        first_offset: 1,
        last_offset: 2,
        last_stable_offset: 3,
    }];
    world.run(at(10_000));
    assert_eq!(
        world.offsets(),
        [0, 2, 3],
        "the marker stays while readers knew its records"
    );
    assert_eq!(world.aborted.len(), 1);
    world.run(at(10_001));
    assert_eq!(world.offsets(), [0, 2, 3]);
    assert!(world.aborted.is_empty(), "nothing of it is left");
    let header = Header::read(&world.batches[1]).unwrap();
    assert_eq!(header.delete_horizon(), Some(10_501));
    world.run(at(10_500));
    assert_eq!(world.offsets(), [0, 2, 3]);
    world.run(at(10_501));
    assert_eq!(world.offsets(), [0, 3]);
}

#[test]
fn a_commits_marker_stays_as_long_as_its_records() {
    let mut world = World::of(&[
        transactional(9, 0, &[("a", Some("1"))]),
        marker(9, 1, Verdict::Commit),
        batch(2, &[("b", Some("1"))]),
    ]);
    for now in [10_000, 20_000, 30_000] {
        world.run(at(now));
        assert_eq!(world.offsets(), [0, 1, 2]);
        assert_eq!(
            Header::read(&world.batches[1]).unwrap().delete_horizon(),
            None
        );
    }
    world.batches.push(batch(3, &[("a", Some("2"))]));
    world.run(at(40_000));
    assert_eq!(world.offsets(), [1, 2, 3], "its records went in this run");
    world.run(at(41_000));
    world.run(at(42_000));
    assert_eq!(world.offsets(), [2, 3]);
}

#[test]
fn the_marker_of_an_open_epoch_is_kept() {
    let mut world = World::of(&[marker(9, 0, Verdict::Commit), batch(1, &[("b", Some("1"))])]);
    let last = LastOfProducer {
        data_offset: None,
        epoch: 0,
    };
    world.last_writes.insert(9, last);
    for now in [10_000, 20_000, 30_000] {
        world.run(at(now));
    }
    let header = Header::read(&world.batches[0]).unwrap();
    assert!(header.is_control());
    assert_eq!((header.last_offset(), header.producer_id), (0, 9));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let mut broken = batch(0, &[("a", Some("1"))]).to_vec();
    broken[22] = 4;
    let broken = Bytes::from(broken);
    let mut world = World::of(&[broken.clone(), batch(1, &[("a", Some("2"))])]);
    world.run(RULES);
    assert_eq!(world.batches[0], broken);
    let last_offsets = LastOffsets::new(0, Vec::new(), 0);
    let last_writes = HashMap::new();
    let mut filter = Filter::new(&last_offsets, &last_writes, Vec::new(), RULES);
    assert!(
        filter
            .pass(&Header::read(&broken).unwrap(), &broken)
            .is_err()
    );
}

#[test]
fn a_run_goes_as_far_as_memory_allows_and_at_least_one_batch() {
    let first = batch(0, &[("a", Some("1")), ("b", Some("1"))]);
    let second = batch(2, &[("c", Some("1")), ("a", Some("2"))]);
    let mut last_offsets = LastOffsets::new(0, Vec::new(), 60);
    assert!(last_offsets.note(&Header::read(&first).unwrap(), &first));
    assert!(!last_offsets.note(&Header::read(&second).unwrap(), &second));
    assert_eq!((last_offsets.end(), last_offsets.len()), (2, 2));
    let last_writes = HashMap::new();
    let mut filter = Filter::new(&last_offsets, &last_writes, Vec::new(), RULES);
    let kept = filter.pass(&Header::read(&second).unwrap(), &second);
    assert_eq!(kept, Ok(Kept::Whole), "what was not looked at stays");
}
