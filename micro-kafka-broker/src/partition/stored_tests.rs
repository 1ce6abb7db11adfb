use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::batch::{BatchBuilder, Verdict};
use crate::log::disk::temporary::TemporaryDir;
use crate::meta::{BrokerConfig, Catalog, NewTopic};
use crate::partition::{
    ActiveProducer, Admission, Appended, Isolation, ProducerError, ReadError, ReadRequest,
};

fn topic() -> Arc<Topic> {
    let new = NewTopic {
        name: "t".to_owned(),
        partitions: 1,
        replication_factor: 1,
        configs: vec![("index.interval.bytes".to_owned(), Some("100".to_owned()))],
        ..NewTopic::default()
    };
    let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
    let topic = catalog.create_topic(&new, true).unwrap();
    let mut topic = Topic::clone(&topic);
    // Smaller than a configuration may be.
    topic.settings.layout.segment_bytes = 500;
    Arc::new(topic)
}

fn batch(producer_id: i64, sequence: i32, transactional: bool) -> Bytes {
    let batch = BatchBuilder::new()
        .producer(producer_id, 0, sequence)
        .flags(if transactional { 0x10 } else { 0 })
        .value("a")
        .value("b");
    batch.build()
}

fn append(partition: &Partition, topic: &Topic, batch: &Bytes) -> Result<Appended, AppendError> {
    partition.append(batch, &topic.settings, Admission::Verified, 0)
}

fn end(partition: &Partition, producer_id: i64, verdict: Verdict) {
    let marker = Marker {
        producer_id,
        producer_epoch: 0,
        verdict,
        coordinator_epoch: 2,
    };
    partition.end_transaction(&marker, 0).unwrap();
}

fn read(partition: &Partition, offset: i64) -> Result<Vec<u8>, ReadError> {
    let request = ReadRequest {
        offset,
        max_bytes: 1 << 20,
        at_least_one: true,
        isolation: Isolation::ReadUncommitted,
    };
    Ok(partition.read(request)?.records.concat())
}

/// The last stable offset, the aborted transactions and how many bytes there are.
type Seen = (i64, Vec<(i64, i64)>, usize);

/// What readers of committed records learn, from every offset on.
fn seen(partition: &Partition) -> Vec<Seen> {
    let end = partition.core.lock().log.end_offset();
    let from = |offset| {
        let request = ReadRequest {
            offset,
            max_bytes: 1 << 20,
            at_least_one: true,
            isolation: Isolation::ReadCommitted,
        };
        let outcome = partition.read(request).unwrap();
        let aborted = outcome.aborted.iter();
        let aborted = aborted.map(|a| (a.producer_id, a.first_offset)).collect();
        let bytes = outcome.records.concat().len();
        (outcome.last_stable_offset, aborted, bytes)
    };
    (0..=end).map(from).collect()
}

fn producers(partition: &Partition) -> Vec<ActiveProducer> {
    let forget_time = |producer| ActiveProducer {
        seen_at: 0,
        ..producer
    };
    partition
        .active_producers()
        .into_iter()
        .map(forget_time)
        .collect()
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Plain,
    Idempotent,
    Transactional(i64),
    End(i64, Verdict),
    Reopen { closed: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![Just(Verdict::Commit), Just(Verdict::Abort)];
    prop_oneof![
        1 => Just(Step::Plain),
        2 => Just(Step::Idempotent),
        4 => (1i64..4).prop_map(Step::Transactional),
        4 => (1i64..4, verdict).prop_map(|(id, verdict)| Step::End(id, verdict)),
        1 => any::<bool>().prop_map(|closed| Step::Reopen { closed }),
    ]
}

/// Closes a partition or lets it fall, and opens it again.
fn reopen(dir: &TemporaryDir, topic: &Topic, partition: Partition, closed: bool) -> Partition {
    if closed {
        partition.close().unwrap();
        let data = DataDir::open(dir.path(), 0).unwrap();
        data.close().unwrap();
    }
    drop(partition);
    let data = DataDir::open(dir.path(), 0).unwrap();
    assert_eq!(data.is_clean(), closed);
    Partition::open(&data, topic, 0, 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Transactions, producers and records are the same after any restarts as without them.
    #[test]
    fn a_restart_changes_nothing(steps in prop::collection::vec(step(), 1..60)) {
        let dir = TemporaryDir::new();
        let topic = topic();
        let memory = Partition::new(1);
        memory.core.lock().log.set_layout(topic.settings.layout);
        let data = DataDir::open(dir.path(), 0).unwrap();
        let mut disk = Partition::open(&data, &topic, 0, 1);
        drop(data);
        let mut sequences = [0i32; 10];
        for step in steps.into_iter().chain([Step::Reopen { closed: false }, Step::Reopen { closed: true }]) {
            let mut next = |id: usize| {
                sequences[id] += 2;
                sequences[id] - 2
            };
            let new = match step {
                Step::Plain => BatchBuilder::new().value("plain").build(),
                Step::Idempotent => batch(9, next(9), false),
                Step::Transactional(id) => batch(id, next(usize::try_from(id).unwrap()), true),
                Step::End(id, verdict) => {
                    end(&memory, id, verdict);
                    end(&disk, id, verdict);
                    continue;
                }
                Step::Reopen { closed } => {
                    disk = reopen(&dir, &topic, disk, closed);
                    prop_assert_eq!(seen(&disk), seen(&memory));
                    prop_assert_eq!(producers(&disk), producers(&memory));
                    continue;
                }
            };
            let appended = append(&disk, &topic, &new).unwrap();
            prop_assert_eq!(appended, append(&memory, &topic, &new).unwrap());
        }
    }
}

#[test]
fn a_retry_after_a_restart_gets_its_original_offset() {
    for closed in [false, true] {
        let dir = TemporaryDir::new();
        let topic = topic();
        let data = DataDir::open(dir.path(), 0).unwrap();
        let partition = Partition::open(&data, &topic, 0, 0);
        drop(data);
        for sequence in [0, 2, 4] {
            append(&partition, &topic, &batch(7, sequence, false)).unwrap();
        }
        let partition = reopen(&dir, &topic, partition, closed);
        let again = append(&partition, &topic, &batch(7, 4, false)).unwrap();
        assert_eq!(again.base_offset, 4, "{closed}");
        let gap = append(&partition, &topic, &batch(7, 8, false));
        assert!(matches!(
            gap,
            Err(AppendError::Producer(ProducerError::OutOfOrder { .. }))
        ));
        assert_eq!(
            append(&partition, &topic, &batch(7, 6, false)).map(|a| a.base_offset),
            Ok(6)
        );
    }
}

#[test]
fn a_snapshot_that_cannot_be_read_or_is_stale_is_not_relied_on() {
    for damage in ["flip", "ahead"] {
        let dir = TemporaryDir::new();
        let topic = topic();
        let data = DataDir::open(dir.path(), 0).unwrap();
        let partition = Partition::open(&data, &topic, 0, 0);
        drop(data);
        append(&partition, &topic, &batch(7, 0, false)).unwrap();
        partition.close().unwrap();
        let known = producers(&partition);
        drop(partition);
        let snapshot = dir.path().join("t-0/00000000000000000002.snapshot");
        let mut bytes = std::fs::read(&snapshot).unwrap();
        match damage {
            "flip" => {
                bytes[12] ^= 1;
                std::fs::write(&snapshot, bytes).unwrap();
            }
            // Of a log that was longer before it was cut.
            _ => std::fs::rename(
                &snapshot,
                snapshot.with_file_name("00000000000000000900.snapshot"),
            )
            .unwrap(),
        }
        let data = DataDir::open(dir.path(), 0).unwrap();
        let partition = Partition::open(&data, &topic, 0, 1);
        assert_eq!(producers(&partition), known, "{damage}");
    }
}

#[test]
fn a_full_disk_refuses_records_and_leaves_what_is_there_readable() {
    let dir = TemporaryDir::new();
    let topic = topic();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let partition = Partition::open(&data, &topic, 0, 0);
    append(&partition, &topic, &batch(7, 0, false)).unwrap();
    let before = read(&partition, 0).unwrap();
    data.faults().leave_room(Some(30));
    let full = append(&partition, &topic, &batch(7, 2, false));
    assert_eq!(full, Err(AppendError::Storage));
    assert_eq!(read(&partition, 0).unwrap(), before);
    data.faults().leave_room(None);
    let retried = append(&partition, &topic, &batch(7, 2, false)).unwrap();
    assert_eq!(retried.base_offset, 2, "the sequence was not counted");
}

#[test]
fn leader_epochs_come_back_and_a_new_leader_begins_a_new_one() {
    let dir = TemporaryDir::new();
    let topic = topic();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let partition = Partition::open(&data, &topic, 0, 3);
    append(&partition, &topic, &batch(7, 0, false)).unwrap();
    drop(partition);
    let partition = Partition::open(&data, &topic, 0, 4);
    assert_eq!(partition.leader_epoch(), 4);
    assert_eq!(partition.epoch_end(3).end_offset, 2);
    drop(partition);
    // Without its file the epochs are those of the batches.
    std::fs::remove_file(dir.path().join("t-0/leader-epoch-checkpoint")).unwrap();
    let partition = Partition::open(&data, &topic, 0, 5);
    assert_eq!(partition.epoch_end(3).end_offset, 2);
}

#[test]
fn a_partition_that_cannot_be_opened_is_offline_and_its_neighbours_are_not() {
    let dir = TemporaryDir::new();
    let topic = topic();
    let data = DataDir::open(dir.path(), 0).unwrap();
    std::fs::write(dir.path().join("t-0"), b"no directory").unwrap();
    let offline = Partition::open(&data, &topic, 0, 0);
    assert_eq!(
        append(&offline, &topic, &batch(7, 0, false)),
        Err(AppendError::Storage)
    );
    assert_eq!(read(&offline, 0), Err(ReadError::Storage));
    let neighbour = Partition::open(&data, &topic, 1, 0);
    append(&neighbour, &topic, &batch(7, 0, false)).unwrap();
}

#[tokio::test]
async fn one_flush_is_enough_for_all_who_wait() {
    let dir = TemporaryDir::new();
    let topic = topic();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let partition = Arc::new(Partition::open(&data, &topic, 0, 0));
    append(&partition, &topic, &batch(7, 0, false)).unwrap();
    assert_eq!(partition.unflushed(), (2, false));
    let (one, two) = tokio::join!(partition.flush_all(), partition.flush_all());
    assert_eq!((one, two), (Ok(()), Ok(())));
    assert_eq!(partition.unflushed(), (0, false));
}

#[test]
fn deleting_a_partition_deletes_its_directory() {
    let dir = TemporaryDir::new();
    let topic = topic();
    let data = DataDir::open(dir.path(), 0).unwrap();
    let partition = Partition::open(&data, &topic, 0, 0);
    append(&partition, &topic, &batch(7, 0, false)).unwrap();
    partition.delete();
    assert!(!dir.path().join("t-0").exists());
    assert!(data.partitions().unwrap().is_empty());
}
