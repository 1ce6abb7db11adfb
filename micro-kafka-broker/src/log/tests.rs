use proptest::prelude::*;

use super::*;
use crate::batch::{BatchBuilder, Header, Rules, validate};

const RULES: Rules = Rules {
    max_batch_bytes: usize::MAX,
    keys_needed: false,
    timestamps: None,
};

fn batch(builder: &BatchBuilder) -> Batch {
    validate(&builder.build(), &RULES, 0).unwrap().remove(0)
}

fn append(log: &mut Log, builder: &BatchBuilder) {
    let place = Placement {
        base_offset: log.end_offset(),
        leader_epoch: 3,
        stamp: None,
        now: 0,
    };
    log.append(&[batch(builder)], place).unwrap();
}

fn of(records: usize, size: usize) -> BatchBuilder {
    let value = "x".repeat(size);
    (0..records).fold(BatchBuilder::new(), |builder, _| builder.value(&value))
}

fn all(max_bytes: usize) -> ReadLimit {
    ReadLimit {
        up_to: i64::MAX,
        max_bytes,
        at_least_one: true,
    }
}

fn headers(slices: &[Bytes]) -> Vec<Header> {
    let bytes = slices.concat();
    let mut at = 0;
    let mut headers = Vec::new();
    while at < bytes.len() {
        let header = Header::read(&bytes[at..]).unwrap();
        at += header.size().unwrap();
        headers.push(header);
    }
    assert_eq!(at, bytes.len(), "only whole batches are returned");
    headers
}

#[test]
fn a_read_in_the_middle_of_a_batch_returns_the_whole_batch() {
    let mut log = Log::new(LogLayout::default());
    append(&mut log, &of(10, 5));
    append(&mut log, &of(10, 5));
    let read = headers(&log.read(15, all(1 << 20)).unwrap().slices);
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].base_offset, read[0].leader_epoch), (10, 3));
}

#[test]
fn at_least_one_batch_is_returned_only_when_asked() {
    let mut log = Log::new(LogLayout::default());
    append(&mut log, &of(1, 500));
    append(&mut log, &of(1, 500));
    assert_eq!(headers(&log.read(0, all(1)).unwrap().slices).len(), 1);
    let strict = ReadLimit {
        at_least_one: false,
        ..all(1)
    };
    assert!(log.read(0, strict).unwrap().slices.is_empty());
}

#[test]
fn reads_stop_before_the_bound() {
    let mut log = Log::new(LogLayout::default());
    for _ in 0..4 {
        append(&mut log, &of(5, 10));
    }
    let limit = ReadLimit {
        up_to: 10,
        ..all(1 << 20)
    };
    assert_eq!(headers(&log.read(0, limit).unwrap().slices).len(), 2);
    assert!(log.read(10, limit).unwrap().slices.is_empty());
}

#[test]
fn a_read_covers_the_part_of_a_batch_that_does_not_fit() {
    let mut log = Log::new(LogLayout::default());
    let one = of(1, 10).build().len();
    append(&mut log, &of(1, 10));
    append(&mut log, &of(1, 10));
    let covered = |max_bytes| log.read(0, all(max_bytes)).unwrap().covered;
    let sizes = [1, one + 5, 2 * one, 1 << 20];
    assert_eq!(sizes.map(covered), [one, one + 5, 2 * one, 2 * one]);
}

#[test]
fn a_full_segment_is_followed_by_a_new_one() {
    let layout = LogLayout {
        segment_bytes: 1000,
        index_interval_bytes: 0,
        ..LogLayout::default()
    };
    let mut log = Log::new(layout);
    for _ in 0..20 {
        append(&mut log, &of(1, 300));
    }
    assert!(log.segments.len() >= 7);
    let mut offset = 0;
    while offset < log.end_offset() {
        let read = headers(&log.read(offset, all(1 << 20)).unwrap().slices);
        assert_eq!(read[0].base_offset, offset);
        offset = read.last().unwrap().last_offset() + 1;
    }
}

#[test]
fn large_batches_are_shared_and_read_back_whole() {
    let mut log = Log::new(LogLayout::default());
    let big = of(1, 400 << 10);
    append(&mut log, &of(1, 10));
    append(&mut log, &big);
    append(&mut log, &of(1, 10));
    let read = log.read(0, all(2 << 20)).unwrap().slices.concat();
    let stored = &read[of(1, 10).build().len()..];
    assert_eq!(stored[16..big.build().len()], big.build()[16..]);
    assert_eq!(headers(&[read.into()]).len(), 3);
}

#[test]
fn a_stamped_batch_carries_the_brokers_time() {
    let mut log = Log::new(LogLayout::default());
    let place = Placement {
        base_offset: 0,
        leader_epoch: 0,
        stamp: Some(777),
        now: 0,
    };
    log.append(&[batch(&of(2, 10))], place).unwrap();
    let bytes: Bytes = log.read(0, all(1 << 20)).unwrap().slices.concat().into();
    let stored = Header::read(&bytes).unwrap();
    assert!(stored.is_log_append_time());
    assert_eq!(stored.max_timestamp, 777);
}

#[test]
fn timestamps_are_found_across_segments() {
    let layout = LogLayout {
        segment_bytes: 400,
        index_interval_bytes: 0,
        ..LogLayout::default()
    };
    let mut log = Log::new(layout);
    for millis in [100, 300, 200, 500, 400] {
        append(
            &mut log,
            &BatchBuilder::new()
                .base_timestamp(millis)
                .value(&"x".repeat(200)),
        );
    }
    let mut at = |millis| {
        log.batch_at_time(millis, 0)
            .unwrap()
            .map(|b| Header::read(&b).unwrap().base_offset)
    };
    assert_eq!(
        [at(0), at(101), at(301), at(501)],
        [Some(0), Some(1), Some(3), None]
    );
    assert_eq!(log.max_timestamp(), Some(500));
}

proptest! {
    #[test]
    fn every_offset_is_found_whatever_the_sizes(
        sizes in proptest::collection::vec((1usize..20, 0usize..400), 1..60),
        interval in 0usize..5000,
        max_bytes in 0usize..20_000,
    ) {
        let layout = LogLayout { segment_bytes: 30_000, index_interval_bytes: interval, ..LogLayout::default() };
        let mut log = Log::new(layout);
        for (records, size) in &sizes {
            append(&mut log, &of(*records, *size));
        }
        for offset in 0..log.end_offset() {
            let read = log.read(offset, all(max_bytes)).unwrap().slices;
            let bytes: usize = read.iter().map(Bytes::len).sum();
            let read = headers(&read);
            prop_assert!(read[0].base_offset <= offset && offset <= read[0].last_offset());
            prop_assert!(read.len() == 1 || bytes <= max_bytes);
            prop_assert!(read.windows(2).all(|w| w[0].last_offset() + 1 == w[1].base_offset));
        }
        prop_assert!(log.read(log.end_offset(), all(max_bytes)).unwrap().slices.is_empty());
    }

    #[test]
    fn a_timestamp_finds_the_first_batch_that_reaches_it(times in proptest::collection::vec(0i64..50, 1..80)) {
        let layout = LogLayout { segment_bytes: 2000, index_interval_bytes: 150, ..LogLayout::default() };
        let mut log = Log::new(layout);
        for millis in &times {
            append(&mut log, &BatchBuilder::new().base_timestamp(*millis).value("0123456789"));
        }
        for target in 0..51 {
            let expected = times.iter().position(|millis| *millis >= target);
            let found = log.batch_at_time(target, 0).unwrap().map(|b| Header::read(&b).unwrap().base_offset);
            prop_assert_eq!(found, expected.map(|i| i64::try_from(i).unwrap()));
        }
    }
}
