use std::time::Duration;

use super::*;
use crate::batch::{BatchBuilder, Codec, Header};
use crate::meta::{BrokerConfig, Catalog, NewTopic};
use crate::partition::offsets::OffsetAt;
use crate::partition::{EpochEnd, FetchWait, OffsetSpec};

fn settings(configs: &[(&str, &str)]) -> TopicSettings {
    let new = NewTopic {
        name: "t".to_owned(),
        partitions: 1,
        replication_factor: 1,
        configs: configs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned())))
            .collect(),
        ..NewTopic::default()
    };
    let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
    catalog.create_topic(&new, true).unwrap().settings.clone()
}

fn partition() -> Arc<Partition> {
    Arc::new(Partition::new(0))
}

fn append(partition: &Partition, builder: &BatchBuilder) -> Result<Appended, AppendError> {
    partition.append(&builder.build(), &settings(&[]), Admission::Plain, 1000)
}

fn read(offset: i64) -> ReadRequest {
    ReadRequest {
        offset,
        max_bytes: 1 << 20,
        at_least_one: true,
        isolation: Isolation::ReadUncommitted,
    }
}

#[test]
fn offsets_are_dense_and_reads_return_them() {
    let partition = partition();
    let two = BatchBuilder::new().value("a").value("b");
    assert_eq!(append(&partition, &two).unwrap().base_offset, 0);
    assert_eq!(append(&partition, &two).unwrap().base_offset, 2);
    let outcome = partition.read(read(2)).unwrap();
    assert_eq!((outcome.high_watermark, outcome.last_stable_offset), (4, 4));
    assert_eq!(
        Header::read(&outcome.records.concat()).unwrap().base_offset,
        2
    );
    assert!(partition.read(read(4)).unwrap().records.is_empty());
    assert!(matches!(
        partition.read(read(5)),
        Err(ReadError::OutOfRange { end: 4, .. })
    ));
    assert!(partition.read(read(-1)).is_err());
}

#[test]
fn a_duplicate_is_answered_with_its_first_offset_and_not_stored() {
    let partition = partition();
    let batch = BatchBuilder::new().producer(5, 0, 0).value("a");
    append(&partition, &BatchBuilder::new().value("other")).unwrap();
    assert_eq!(append(&partition, &batch).unwrap().base_offset, 1);
    assert_eq!(append(&partition, &batch).unwrap().base_offset, 1);
    assert_eq!(partition.read(read(0)).unwrap().high_watermark, 2);
    let gap = BatchBuilder::new().producer(5, 0, 2).value("a");
    assert!(matches!(
        append(&partition, &gap),
        Err(AppendError::Producer(_))
    ));
}

#[test]
fn transactional_records_need_a_transaction() {
    let batch = BatchBuilder::new().producer(5, 0, 0).flags(0x10).value("a");
    assert_eq!(
        append(&partition(), &batch),
        Err(AppendError::NoTransaction { producer_id: 5 })
    );
}

#[test]
fn the_brokers_time_replaces_the_producers_where_configured() {
    let partition = partition();
    let settings = settings(&[("message.timestamp.type", "LogAppendTime")]);
    let batch = BatchBuilder::new().base_timestamp(5).value("a").build();
    let appended = partition
        .append(&batch, &settings, Admission::Plain, 1234)
        .unwrap();
    assert_eq!(appended.log_append_time, 1234);
    let found = partition
        .offset_for(OffsetSpec::At(1000), Isolation::ReadUncommitted)
        .unwrap()
        .unwrap();
    assert_eq!((found.offset, found.timestamp), (0, 1234));
}

#[test]
fn offsets_are_found_by_record_not_by_batch() {
    let partition = partition();
    for codec in [Codec::None, Codec::Lz4] {
        let base = if codec == Codec::None { 0 } else { 100 };
        let builder = BatchBuilder::new().codec(codec).base_timestamp(base);
        let builder = [10, 30, 20]
            .iter()
            .fold(builder, |b, at| b.record(None, Some(b"v"), base + at));
        append(&partition, &builder).unwrap();
    }
    let at = |spec| {
        partition
            .offset_for(spec, Isolation::ReadCommitted)
            .unwrap()
    };
    let found = |offset, timestamp| {
        Some(OffsetAt {
            offset,
            timestamp,
            leader_epoch: 0,
        })
    };
    assert_eq!(at(OffsetSpec::At(11)), found(1, 30));
    assert_eq!(at(OffsetSpec::At(120)), found(4, 130));
    assert_eq!(at(OffsetSpec::At(131)), None);
    assert_eq!(at(OffsetSpec::MaxTimestamp), found(4, 130));
    assert_eq!(at(OffsetSpec::Earliest), found(0, -1));
    assert_eq!(at(OffsetSpec::Latest), found(6, -1));
}

#[test]
fn leader_epochs_are_checked() {
    let partition = Partition::new(3);
    assert_eq!(partition.check_epoch(-1), Ok(()));
    assert_eq!(partition.check_epoch(3), Ok(()));
    assert_eq!(partition.check_epoch(2), Err(EpochError::Fenced));
    assert_eq!(partition.check_epoch(4), Err(EpochError::Unknown));
    append(&partition, &BatchBuilder::new().value("a")).unwrap();
    assert_eq!(
        partition.epoch_end(3),
        EpochEnd {
            epoch: 3,
            end_offset: 1
        }
    );
}

#[tokio::test]
async fn a_waiting_fetch_is_woken_when_enough_bytes_have_come() {
    let partition = partition();
    let batch = BatchBuilder::new().value("a");
    let waiter = FetchWaiter::new(batch.build().len() + 1, Isolation::ReadUncommitted);
    let wait = FetchWait::register(Arc::clone(&waiter), [(Arc::clone(&partition), 0)]);
    append(&partition, &batch).unwrap();
    let early = tokio::time::timeout(Duration::from_millis(20), wait.woken()).await;
    assert!(early.is_err(), "one byte is still missing");
    append(&partition, &batch).unwrap();
    wait.woken().await;
}

#[tokio::test]
async fn a_fetch_that_registers_late_is_woken_at_once() {
    let partition = partition();
    append(&partition, &BatchBuilder::new().value("a")).unwrap();
    let wait = FetchWait::register(
        FetchWaiter::new(1000, Isolation::ReadUncommitted),
        [(Arc::clone(&partition), 0)],
    );
    wait.woken().await;
}

#[tokio::test]
async fn deleting_a_partition_wakes_its_fetches() {
    let partition = partition();
    let wait = FetchWait::register(
        FetchWaiter::new(1, Isolation::ReadUncommitted),
        [(Arc::clone(&partition), 0)],
    );
    partition.delete();
    wait.woken().await;
    assert!(matches!(partition.read(read(0)), Err(ReadError::Gone)));
    assert_eq!(
        append(&partition, &BatchBuilder::new().value("a")),
        Err(AppendError::Gone)
    );
}

#[test]
fn a_dropped_wait_leaves_nothing_behind() {
    let partition = partition();
    drop(FetchWait::register(
        FetchWaiter::new(1, Isolation::ReadUncommitted),
        [(Arc::clone(&partition), 0)],
    ));
    assert!(partition.core.lock().waiters.is_empty());
}
