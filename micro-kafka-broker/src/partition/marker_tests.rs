use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::batch::{BatchBuilder, Verdict};
use crate::meta::{BrokerConfig, Catalog, NewTopic, TopicSettings};
use crate::partition::reading::ReadOutcome;
use crate::partition::{
    Aborted, Admission, AppendError, FetchWait, FetchWaiter, ProducerError, ReadRequest,
};

const TRANSACTIONAL: i16 = 0x10;

fn settings() -> TopicSettings {
    let new = NewTopic {
        name: "t".to_owned(),
        partitions: 1,
        replication_factor: 1,
        ..NewTopic::default()
    };
    let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
    catalog.create_topic(&new, true).unwrap().settings.clone()
}

fn batch(producer_id: i64, epoch: i16, sequence: i32) -> Bytes {
    let batch = BatchBuilder::new().producer(producer_id, epoch, sequence);
    batch.flags(TRANSACTIONAL).value("a").build()
}

fn append(partition: &Partition, batch: &Bytes) -> Result<i64, AppendError> {
    let appended = partition.append(batch, &settings(), Admission::Verified, 0);
    appended.map(|appended| appended.base_offset)
}

fn end(partition: &Partition, producer_id: i64, epoch: i16, verdict: Verdict) {
    partition
        .end_transaction(&marker(producer_id, epoch, verdict, 0), 0)
        .unwrap();
}

fn marker(
    producer_id: i64,
    producer_epoch: i16,
    verdict: Verdict,
    coordinator_epoch: i32,
) -> Marker {
    Marker {
        producer_id,
        producer_epoch,
        verdict,
        coordinator_epoch,
    }
}

fn read(partition: &Partition, offset: i64, isolation: Isolation) -> ReadOutcome {
    let request = ReadRequest {
        offset,
        max_bytes: 1 << 20,
        at_least_one: true,
        isolation,
    };
    partition.read(request).unwrap()
}

#[test]
fn readers_of_committed_records_stop_before_the_oldest_open_transaction() {
    let partition = Partition::new(0);
    append(&partition, &BatchBuilder::new().value("plain").build()).unwrap();
    append(&partition, &batch(1, 0, 0)).unwrap();
    append(&partition, &batch(2, 0, 0)).unwrap();
    end(&partition, 2, 0, Verdict::Commit);
    let committed = read(&partition, 0, Isolation::ReadCommitted);
    assert_eq!(
        (committed.last_stable_offset, committed.high_watermark),
        (1, 4)
    );
    let all = |isolation| read(&partition, 0, isolation).records.concat().len();
    assert!(all(Isolation::ReadCommitted) < all(Isolation::ReadUncommitted));
    end(&partition, 1, 0, Verdict::Abort);
    assert_eq!(
        all(Isolation::ReadCommitted),
        all(Isolation::ReadUncommitted)
    );
    let aborted = read(&partition, 0, Isolation::ReadCommitted).aborted;
    assert_eq!(
        aborted,
        [Aborted {
            producer_id: 1,
            first_offset: 1
        }]
    );
    assert!(
        read(&partition, 0, Isolation::ReadUncommitted)
            .aborted
            .is_empty()
    );
}

#[test]
fn a_marker_of_a_new_epoch_shuts_the_old_one_out() {
    let partition = Partition::new(0);
    append(&partition, &batch(1, 0, 0)).unwrap();
    end(&partition, 1, 1, Verdict::Abort);
    assert!(matches!(
        append(&partition, &batch(1, 0, 1)),
        Err(AppendError::Producer(ProducerError::StaleEpoch {
            current: 1,
            ..
        }))
    ));
    assert_eq!(append(&partition, &batch(1, 1, 0)), Ok(2));
    let late = partition.end_transaction(&marker(1, 0, Verdict::Commit, 0), 0);
    assert_eq!(late, Err(MarkerError::StaleEpoch));
}

#[test]
fn markers_of_a_replaced_coordinator_are_refused() {
    let partition = Partition::new(0);
    append(&partition, &batch(1, 0, 0)).unwrap();
    let newer = marker(1, 0, Verdict::Commit, 5);
    assert_eq!(partition.end_transaction(&newer, 0), Ok(()));
    let older = marker(1, 0, Verdict::Commit, 4);
    assert_eq!(
        partition.end_transaction(&older, 0),
        Err(MarkerError::StaleCoordinator)
    );
}

#[test]
fn sequences_go_on_after_a_marker_of_the_same_epoch() {
    let partition = Partition::new(0);
    append(&partition, &batch(1, 0, 0)).unwrap();
    end(&partition, 1, 0, Verdict::Commit);
    assert_eq!(append(&partition, &batch(1, 0, 1)), Ok(2));
    assert_eq!(append(&partition, &batch(1, 0, 0)), Ok(0), "a duplicate");
}

#[test]
fn a_producer_with_an_open_transaction_writes_nothing_beside_it() {
    let partition = Partition::new(0);
    append(&partition, &batch(1, 0, 0)).unwrap();
    let beside = BatchBuilder::new().producer(1, 0, 1).value("a").build();
    assert!(matches!(
        append(&partition, &beside),
        Err(AppendError::Producer(
            ProducerError::OutsideTransaction { .. }
        ))
    ));
}

#[test]
fn with_an_epoch_per_transaction_an_unknown_producer_begins_at_zero() {
    let partition = Partition::new(0);
    let late = partition.append(&batch(1, 0, 3), &settings(), Admission::Added, 0);
    assert!(matches!(
        late,
        Err(AppendError::Producer(ProducerError::OutOfOrder { .. }))
    ));
    assert_eq!(append(&partition, &batch(1, 0, 3)), Ok(0));
}

#[test]
fn producers_are_described_with_their_open_transaction() {
    let partition = Partition::new(0);
    append(&partition, &batch(7, 2, 0)).unwrap();
    let open = partition.active_producers();
    assert_eq!(
        (open[0].producer_id, open[0].epoch, open[0].open),
        (7, 2, Some(0))
    );
    end(&partition, 7, 3, Verdict::Commit);
    let closed = partition.active_producers()[0];
    assert_eq!(
        (closed.epoch, closed.open, closed.last_sequence),
        (3, None, -1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_waiting_reader_of_committed_records_is_woken_by_the_marker_only() {
    let partition = Arc::new(Partition::new(0));
    let waiter = FetchWaiter::new(1, Isolation::ReadCommitted);
    let wait = FetchWait::register(waiter, [(Arc::clone(&partition), 0)]);
    append(&partition, &batch(1, 0, 0)).unwrap();
    append(&partition, &BatchBuilder::new().value("plain").build()).unwrap();
    let early = tokio::time::timeout(Duration::from_secs(1), wait.woken()).await;
    assert!(early.is_err());
    end(&partition, 1, 0, Verdict::Commit);
    wait.woken().await;
}
