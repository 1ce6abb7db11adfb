use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::batch::{BatchBuilder, Marker, Verdict};
use crate::log::LogLayout;
use crate::meta::{BrokerConfig, Catalog, NewTopic, TopicSettings};
use crate::partition::{Admission, FetchWait, FetchWaiter, OffsetSpec, ReadError, ReadRequest};

/// Settings of a topic with one batch a segment.
fn settings() -> TopicSettings {
    let new = NewTopic {
        name: "t".to_owned(),
        partitions: 1,
        replication_factor: 1,
        ..NewTopic::default()
    };
    let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
    let mut settings = catalog.create_topic(&new, true).unwrap().settings.clone();
    settings.layout = LogLayout {
        segment_bytes: 1,
        ..LogLayout::default()
    };
    settings
}

fn append(partition: &Partition, batch: &BatchBuilder) {
    let settings = settings();
    partition
        .append(&batch.build(), &settings, Admission::Verified, 0)
        .unwrap();
}

fn at(millis: i64) -> BatchBuilder {
    BatchBuilder::new()
        .base_timestamp(millis)
        .value("a")
        .value("b")
}

fn older_than(millis: i64) -> Retention {
    Retention {
        millis: Some(millis),
        bytes: None,
    }
}

fn read(partition: &Partition, offset: i64) -> Result<usize, ReadError> {
    let outcome = partition.read(ReadRequest {
        offset,
        max_bytes: 1 << 20,
        at_least_one: true,
        isolation: Isolation::ReadCommitted,
    })?;
    Ok(outcome.records.concat().len())
}

fn earliest(partition: &Partition) -> i64 {
    let found = partition.offset_for(OffsetSpec::Earliest, Isolation::ReadUncommitted);
    found.unwrap().unwrap().offset
}

#[test]
fn what_expires_is_gone_and_the_rest_is_read_on() {
    let partition = Partition::new(3);
    for millis in [100, 200, 900] {
        append(&partition, &at(millis));
    }
    let dropped = partition.retain(older_than(500), 1000).unwrap();
    assert_eq!((dropped.segments, dropped.start_offset), (2, 4));
    assert_eq!(earliest(&partition), 4);
    assert!(matches!(
        read(&partition, 3),
        Err(ReadError::OutOfRange {
            start: 4,
            end: 6,
            ..
        })
    ));
    assert!(read(&partition, 4).unwrap() > 0);
    assert_eq!(partition.epoch_end(3).end_offset, 6);
    assert_eq!(partition.retain(older_than(500), 1000).unwrap().segments, 0);
    assert_eq!(partition.retain(older_than(5), 1000).unwrap().segments, 1);
    assert_eq!(read(&partition, 6), Ok(0));
    append(&partition, &at(950));
    assert_eq!(earliest(&partition), 6);
}

#[test]
fn deleted_records_are_not_read_and_not_found_by_time() {
    let partition = Partition::new(0);
    for millis in [100, 200] {
        append(&partition, &at(millis));
    }
    assert_eq!(partition.delete_before(Some(1)), Ok(1));
    assert!(read(&partition, 0).is_err());
    assert!(read(&partition, 1).unwrap() > 0);
    let found = |millis| {
        let found = partition.offset_for(OffsetSpec::At(millis), Isolation::ReadUncommitted);
        found.unwrap().map(|found| found.offset)
    };
    assert_eq!([found(0), found(101), found(201)], [Some(1), Some(2), None]);
    assert_eq!(partition.delete_before(Some(0)), Ok(1), "already gone");
    assert_eq!(partition.delete_before(None), Ok(4));
    assert_eq!([found(0), found(101)], [None, None]);
    assert_eq!(read(&partition, 4), Ok(0));
}

#[test]
fn only_what_is_replicated_is_deleted() {
    let partition = Partition::new(0);
    append(&partition, &at(0));
    for offset in [-2, 3] {
        assert_eq!(
            partition.delete_before(Some(offset)),
            Err(DeleteError::OutOfRange {
                offset,
                high_watermark: 2
            })
        );
    }
    partition.delete();
    assert_eq!(partition.delete_before(None), Err(DeleteError::Gone));
}

#[tokio::test(start_paused = true)]
async fn an_open_transaction_holds_back_nothing_before_the_start() {
    let partition = Arc::new(Partition::new(0));
    let open = BatchBuilder::new().producer(7, 0, 0).flags(0x10).value("a");
    append(&partition, &open);
    append(&partition, &at(0));
    let waiter = FetchWaiter::new(1, Isolation::ReadCommitted);
    let wait = FetchWait::register(waiter, [(Arc::clone(&partition), 0)]);
    assert_eq!(partition.delete_before(Some(1)), Ok(1));
    let woken = tokio::time::timeout(Duration::from_secs(1), wait.woken()).await;
    assert!(
        woken.is_ok(),
        "a waiting reader sees that its offset is gone"
    );
    let stable = partition.offset_for(OffsetSpec::Latest, Isolation::ReadCommitted);
    assert_eq!(stable.unwrap().unwrap().offset, 1);
    let marker = Marker {
        producer_id: 7,
        producer_epoch: 0,
        verdict: Verdict::Abort,
        coordinator_epoch: 0,
    };
    partition.end_transaction(&marker, 0).unwrap();
    let stable = partition.offset_for(OffsetSpec::Latest, Isolation::ReadCommitted);
    assert_eq!(stable.unwrap().unwrap().offset, 4);
}
