use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::disk::DataDir;
use super::disk::temporary::TemporaryDir;
use super::*;
use crate::batch::{BatchBuilder, Header, Rules, validate};

const RULES: Rules = Rules {
    max_batch_bytes: usize::MAX,
    keys_needed: false,
    timestamps: None,
};

/// Segments of a few batches, indexes of a few entries.
const LAYOUT: LogLayout = LogLayout {
    segment_bytes: 1000,
    segment_ms: i64::MAX,
    segment_jitter_ms: 0,
    index_interval_bytes: 200,
    max_index_bytes: usize::MAX,
};

fn known(clean: bool, recovery_point: i64) -> LogStart {
    LogStart {
        start_offset: 0,
        recovery_point,
        clean,
        dense: true,
    }
}

fn open(data: &DataDir, known: LogStart) -> Log {
    let dir = data.partition("t", 0);
    fs::create_dir_all(dir.path()).unwrap();
    Log::open(dir, LAYOUT, known).unwrap().0
}

fn batch(seed: usize, records: usize) -> Batch {
    let value = format!("{seed:03}").repeat(10 + seed % 40);
    let empty = BatchBuilder::new().base_timestamp(i64::try_from(seed).unwrap() * 10);
    let filled = (0..records).fold(empty, |builder, _| builder.value(&value));
    validate(&filled.build(), &RULES, 0).unwrap().remove(0)
}

fn append(log: &mut Log, batch: Batch) -> Result<(), StorageError> {
    let place = Placement {
        base_offset: log.end_offset(),
        leader_epoch: 1,
        stamp: None,
        now: 0,
    };
    log.append(&[batch], place)
}

fn fill(log: &mut Log, count: usize) {
    for seed in 0..count {
        append(log, batch(seed, 1 + seed % 3)).unwrap();
    }
}

fn flush(log: &mut Log) {
    if let Some(work) = log.flush_work(i64::MAX) {
        work.run().unwrap();
        log.flush_done(&work);
    }
}

/// Every batch up to the first that cannot be read; the leader's epoch, which no checksum covers,
/// is left out.
fn readable(log: &mut Log) -> Vec<Vec<u8>> {
    let limit = ReadLimit {
        up_to: i64::MAX,
        max_bytes: 1000,
        at_least_one: true,
    };
    let mut batches = Vec::new();
    let mut offset = log.start_offset();
    while offset < log.end_offset() {
        let Ok(read) = log.read(offset, limit) else {
            break;
        };
        let bytes = read.slices.concat();
        let mut at = 0;
        while at < bytes.len() {
            let header = Header::read(&bytes[at..]).unwrap();
            let size = header.size().unwrap();
            let mut batch = bytes[at..at + size].to_vec();
            batch[12..16].fill(0);
            batches.push(batch);
            offset = header.last_offset() + 1;
            at += size;
        }
    }
    batches
}

/// The batches' files in order, with their lengths.
fn files(dir: &Path) -> Vec<(std::path::PathBuf, usize)> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "log"))
        .map(|path| {
            let len = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
            (path, len)
        })
        .collect();
    files.sort();
    files
}

/// How many whole batches lie before a byte of the log, counted over its files.
fn whole_before(batches: &[Vec<u8>], byte: usize) -> usize {
    let ends = batches.iter().scan(0, |end, batch| {
        *end += batch.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= byte).count()
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Cut,
    Flip(u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![Just(Damage::Cut), (0u8..8).prop_map(Damage::Flip)]
}

/// Damages the log at a byte counted over its files.
fn apply(files: &[(std::path::PathBuf, usize)], byte: usize, damage: Damage) {
    let mut at = byte;
    let hit = files.iter().find(|(_, len)| {
        let here = at < *len;
        at -= if here { 0 } else { *len };
        here
    });
    let (path, _) = hit.unwrap();
    let mut bytes = fs::read(path).unwrap();
    match damage {
        Damage::Cut => bytes.truncate(at),
        Damage::Flip(bit) => bytes[at] ^= 1 << bit,
    }
    fs::write(path, bytes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A crash may leave anything of what was not flushed.
    #[test]
    fn a_damaged_log_comes_back_as_a_prefix(
        count in 1usize..40,
        at in any::<prop::sample::Index>(),
        damage in damage(),
    ) {
        let dir = TemporaryDir::new();
        let data = DataDir::open(dir.path(), 0).unwrap();
        let mut log = open(&data, known(false, 0));
        fill(&mut log, count);
        let written = readable(&mut log);
        prop_assert_eq!(written.len(), count);
        drop(log);
        let files = files(&dir.path().join("t-0"));
        let total = files.iter().map(|(_, len)| len).sum();
        let byte = at.index(total);
        apply(&files, byte, damage);

        let mut log = open(&data, known(false, 0));
        let kept = readable(&mut log);
        prop_assert_eq!(&kept[..], &written[..kept.len()], "a prefix");
        prop_assert!(kept.len() >= whole_before(&written, byte), "nothing before the damage is lost");
        let end = kept.last().map_or(0, |batch| Header::read(batch).unwrap().last_offset() + 1);
        prop_assert_eq!(log.end_offset(), end);
        // It goes on from there, also after another start.
        append(&mut log, batch(500, 2)).unwrap();
        drop(log);
        let mut log = open(&data, known(false, 0));
        prop_assert_eq!(readable(&mut log).len(), kept.len() + 1);
    }

    /// What was flushed is not read at a start: damage is found by whoever reads it.
    #[test]
    fn damage_to_what_was_closed_is_never_served(
        count in 1usize..40,
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let dir = TemporaryDir::new();
        let data = DataDir::open(dir.path(), 0).unwrap();
        let mut log = open(&data, known(false, 0));
        fill(&mut log, count);
        let written = readable(&mut log);
        log.close().unwrap();
        let end = log.end_offset();
        drop(log);
        let files = files(&dir.path().join("t-0"));
        let total = files.iter().map(|(_, len)| len).sum();
        let byte = at.index(total);
        let starts: Vec<usize> = written.iter().scan(0, |at, batch| {
            let start = *at;
            *at += batch.len();
            Some(start)
        }).collect();
        let within = byte - starts[whole_before(&written, byte)];
        // No checksum covers where a batch says that it lies.
        prop_assume!(within >= 8);
        apply(&files, byte, Damage::Flip(bit));

        let mut log = open(&data, known(true, end));
        let kept = readable(&mut log);
        prop_assert_eq!(&kept[..], &written[..kept.len()], "only what was written");
    }

    #[test]
    fn indexes_that_are_lost_or_nonsense_are_made_again(
        count in 1usize..40,
        lost in any::<bool>(),
        clean in any::<bool>(),
    ) {
        let dir = TemporaryDir::new();
        let data = DataDir::open(dir.path(), 0).unwrap();
        let mut log = open(&data, known(false, 0));
        fill(&mut log, count);
        let written = readable(&mut log);
        let newest = log.max_timestamp();
        log.close().unwrap();
        let end = log.end_offset();
        drop(log);
        for (path, _) in files(&dir.path().join("t-0")) {
            for extension in ["index", "timeindex"] {
                let index = path.with_extension(extension);
                match lost {
                    true => fs::remove_file(index).unwrap(),
                    // Not whole entries of either index.
                    false => fs::write(index, [7; 13]).unwrap(),
                }
            }
        }
        let mut log = open(&data, known(clean, end));
        prop_assert_eq!(log.max_timestamp(), newest);
        prop_assert_eq!(readable(&mut log), written);
        prop_assert_eq!(log.end_offset(), end);
    }
}

#[test]
fn a_closed_log_comes_back_with_its_indexes_and_goes_on() {
    let dir = TemporaryDir::new();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let mut log = open(&data, known(false, 0));
    fill(&mut log, 30);
    let written = readable(&mut log);
    let segments = log.segments.len();
    assert!(segments > 3);
    log.close().unwrap();
    assert!(append(&mut log, batch(0, 1)).is_err(), "it was ended");
    let end = log.end_offset();
    drop(log);
    let mut log = open(&data, known(true, end));
    assert_eq!((log.segments.len(), log.end_offset()), (segments, end));
    assert_eq!(log.flushed_offset(), end);
    assert_eq!(readable(&mut log), written);
    for millis in [0, 15, 290] {
        let found = log.batch_at_time(millis, 0).unwrap().unwrap();
        assert!(Header::read(&found).unwrap().max_timestamp >= millis);
    }
    fill(&mut log, 10);
    assert_eq!(readable(&mut log).len(), 40);
}

#[test]
fn a_full_disk_leaves_nothing_half_written_and_ends_when_there_is_room() {
    for room in (0..1500).step_by(7) {
        let dir = TemporaryDir::new();
        let data = DataDir::open(dir.path(), 0).unwrap();
        let mut log = open(&data, known(false, 0));
        fill(&mut log, 3);
        let written = readable(&mut log);
        data.faults().leave_room(Some(room));
        let mut appended = 0;
        while append(&mut log, batch(7, 2)).is_ok() {
            appended += 1;
        }
        assert_eq!(readable(&mut log).len(), 3 + appended, "{room}");
        assert_eq!(&readable(&mut log)[..3], written);
        data.faults().leave_room(None);
        append(&mut log, batch(8, 1)).unwrap();
        drop(log);
        let mut log = open(&data, known(false, 0));
        assert_eq!(readable(&mut log).len(), 4 + appended, "{room}");
    }
}

#[test]
fn what_was_flushed_is_not_read_again_at_a_start() {
    let dir = TemporaryDir::new();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let mut log = open(&data, known(false, 0));
    fill(&mut log, 30);
    assert_eq!(log.unflushed(), log.end_offset());
    flush(&mut log);
    assert_eq!(log.unflushed(), 0);
    let end = log.end_offset();
    drop(log);
    // Damage far behind the recovery point does not cost what came after it.
    let files = files(&dir.path().join("t-0"));
    apply(&files, 70, Damage::Flip(0));
    let mut log = open(&data, known(false, end));
    assert_eq!(log.end_offset(), end);
    let limit = ReadLimit {
        up_to: i64::MAX,
        max_bytes: 1000,
        at_least_one: true,
    };
    assert!(matches!(
        log.read(0, limit),
        Err(StorageError::Corrupt { position: 0, .. })
    ));
    let second = log.segments[1].base_offset();
    assert!(log.read(second, limit).is_ok());
}

#[test]
fn a_closed_segment_whose_first_batch_is_corrupt_leaves_the_others_readable() {
    let dir = TemporaryDir::new();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let mut log = open(&data, known(false, 0));
    fill(&mut log, 30);
    log.close().unwrap();
    let end = log.end_offset();
    drop(log);
    // The first batch's length.
    apply(&files(&dir.path().join("t-0")), 8, Damage::Flip(0));
    let mut log = open(&data, known(true, end));
    assert_eq!(log.end_offset(), end);
    assert!(readable(&mut log).is_empty(), "it is not served");
    let limit = ReadLimit {
        up_to: i64::MAX,
        max_bytes: 1000,
        at_least_one: true,
    };
    let second = log.segments[1].base_offset();
    assert!(log.read(second, limit).is_ok());
}

#[test]
fn records_that_are_missing_between_segments_end_the_log() {
    let dir = TemporaryDir::new();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let mut log = open(&data, known(false, 0));
    fill(&mut log, 30);
    let third = log.segments[2].base_offset();
    drop(log);
    let files = files(&dir.path().join("t-0"));
    fs::remove_file(&files[2].0).unwrap();
    let log = open(&data, known(false, 0));
    assert_eq!((log.segments.len(), log.end_offset()), (2, third));
}

#[test]
fn a_log_that_ends_before_it_begins_is_begun_anew() {
    let dir = TemporaryDir::new();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let mut log = open(&data, known(false, 0));
    fill(&mut log, 5);
    drop(log);
    let start = LogStart {
        start_offset: 1000,
        ..known(false, 0)
    };
    let mut log = open(&data, start);
    assert_eq!((log.start_offset(), log.end_offset()), (1000, 1000));
    append(&mut log, batch(1, 2)).unwrap();
    assert_eq!(log.end_offset(), 1002);
}
