use super::*;
use crate::batch::{BatchBuilder, Rules, validate};
use crate::log::disk::DataDir;
use crate::log::disk::temporary::TemporaryDir;
use crate::log::{LogLayout, LogStart, ReadLimit};
use crate::wire::Uuid;

/// One batch a segment.
fn layout() -> LogLayout {
    LogLayout {
        segment_bytes: 1,
        ..LogLayout::default()
    }
}

fn append(log: &mut Log, count: usize) {
    let rules = Rules {
        max_batch_bytes: usize::MAX,
        keys_needed: false,
        timestamps: None,
    };
    for _ in 0..count {
        let batches = validate(&BatchBuilder::new().value("a").build(), &rules, 0).unwrap();
        let place = Placement {
            base_offset: log.end_offset(),
            leader_epoch: 0,
            stamp: None,
            now: 7,
        };
        log.append(&batches, place).unwrap();
    }
}

fn offsets(log: &mut Log) -> Vec<i64> {
    let limit = ReadLimit {
        up_to: i64::MAX,
        max_bytes: 1 << 20,
        at_least_one: true,
    };
    let mut offset = log.start_offset();
    let mut offsets = Vec::new();
    while offset < log.end_offset() {
        let read = log.read(offset, limit).unwrap().slices.concat();
        let header = Header::read(&read).unwrap();
        offsets.push(header.base_offset);
        offset = header.last_offset() + 1;
    }
    offsets
}

/// Cleans the first `count` segments to the batch of the last of them.
fn clean(log: &mut Log, count: usize) -> (Vec<SegmentInfo>, CleanedSegment) {
    let group = log.segments()[..count].to_vec();
    let last = &group[count - 1];
    let mut cleaned = log.cleaned_segment(&group[0], last).unwrap();
    let batch = log.read_segment(last.base_offset, 0, 1 << 20).unwrap();
    let batch = Bytes::from(batch.unwrap().concat());
    cleaned
        .append(Header::read(&batch).unwrap(), batch)
        .unwrap();
    cleaned.finish().unwrap();
    (group, cleaned)
}

fn aborted(last_offset: i64) -> AbortedEntry {
    AbortedEntry {
        producer_id: 1,
        first_offset: 0,
        last_offset,
        last_stable_offset: 3,
    }
}

#[test]
fn a_cleaned_segment_stands_for_others() {
    let mut log = Log::new(layout());
    append(&mut log, 5);
    let (group, cleaned) = clean(&mut log, 3);
    assert!(log.replace(&group, cleaned, &[]).unwrap());
    assert_eq!(offsets(&mut log), [2, 3, 4]);
    let infos = log.segments();
    assert_eq!(infos.len(), 3);
    assert_eq!((infos[0].base_offset, infos[0].end_offset), (0, 3));
    assert_eq!(infos[0].modified_at, 7);
    append(&mut log, 1);
    assert_eq!(offsets(&mut log), [2, 3, 4, 5]);
}

#[test]
fn what_is_gone_or_active_is_not_replaced() {
    let mut log = Log::new(layout());
    append(&mut log, 4);
    let (group, cleaned) = clean(&mut log, 2);
    log.raise_start(1).unwrap();
    assert!(!log.replace(&group, cleaned, &[]).unwrap());
    let (group, cleaned) = clean(&mut log, 3);
    assert!(!log.replace(&group, cleaned, &[]).unwrap());
    assert_eq!(log.read_segment(0, 0, 100).unwrap(), None);
    assert_eq!(offsets(&mut log), [1, 2, 3]);
}

#[test]
fn on_disk_the_files_are_swapped_and_the_rest_is_deleted() {
    let root = TemporaryDir::new();
    let data = DataDir::open(root.path(), 0).unwrap();
    let dir = data.partition("t", 0);
    dir.create(Uuid::random()).unwrap();
    let known = LogStart {
        start_offset: 0,
        recovery_point: 0,
        clean: false,
        dense: false,
    };
    let (mut log, _) = Log::open(dir.clone(), layout(), known).unwrap();
    append(&mut log, 5);
    log.keep_aborted(&aborted(1));
    log.keep_aborted(&aborted(2));
    let (group, cleaned) = clean(&mut log, 3);
    assert!(log.replace(&group, cleaned, &[aborted(2)]).unwrap());
    assert_eq!(offsets(&mut log), [2, 3, 4]);
    assert_eq!(dir.aborted_before(0, 10).unwrap(), [aborted(2)]);
    log.raise_start(4).unwrap();
    drop(log);
    let mut names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('0'))
        .collect();
    names.sort();
    let last = "00000000000000000004";
    assert_eq!(
        names,
        [
            format!("{last}.index"),
            format!("{last}.log"),
            format!("{last}.timeindex")
        ]
    );
    let (mut log, _) = Log::open(dir, layout(), known).unwrap();
    assert_eq!(offsets(&mut log), [4]);
}

#[test]
fn what_replaces_nothing_leaves_no_files() {
    let root = TemporaryDir::new();
    let data = DataDir::open(root.path(), 0).unwrap();
    let dir = data.partition("t", 0);
    dir.create(Uuid::random()).unwrap();
    let known = LogStart {
        start_offset: 0,
        recovery_point: 0,
        clean: false,
        dense: false,
    };
    let (mut log, _) = Log::open(dir.clone(), layout(), known).unwrap();
    append(&mut log, 3);
    let count = || std::fs::read_dir(dir.path()).unwrap().count();
    let before = count();
    let (group, _cleaned) = clean(&mut log, 2);
    assert!(count() > before);
    log.discard_cleaned(&group);
    assert_eq!(count(), before);
    assert_eq!(offsets(&mut log), [0, 1, 2]);
}

#[test]
fn a_cleaned_log_opens_again() {
    let root = TemporaryDir::new();
    let data = DataDir::open(root.path(), 0).unwrap();
    let dir = data.partition("t", 0);
    dir.create(Uuid::random()).unwrap();
    let known = LogStart {
        start_offset: 0,
        recovery_point: 0,
        clean: false,
        dense: false,
    };
    let (mut log, _) = Log::open(dir.clone(), layout(), known).unwrap();
    append(&mut log, 5);
    let (group, cleaned) = clean(&mut log, 3);
    assert!(log.replace(&group, cleaned, &[]).unwrap());
    drop(log);
    let (mut log, _) = Log::open(dir, layout(), known).unwrap();
    assert_eq!(offsets(&mut log), [2, 3, 4]);
    assert_eq!(log.segments()[0].base_offset, 0);
}
