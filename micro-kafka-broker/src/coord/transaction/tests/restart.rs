//! Coordinators that end, and others that take their place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::harness::{TIMEOUT, limits, partition};
use crate::batch::{BatchBuilder, Verdict};
use crate::clock::{Clock, ManualTime};
use crate::coord::ground::{Coordinators, Ground};
use crate::coord::group::OFFSETS_TOPIC;
use crate::coord::transaction::record::{TransactionLogValue, by_topic};
use crate::coord::transaction::{
    Init, Producer, Protocol, TransactionCoordinator, TransactionError, TransactionState,
};
use crate::coord::{StateTopic, Unavailable};
use crate::meta::Topic;
use crate::partition::{Admission, Isolation, OffsetSpec};

struct Restarting {
    ground: Ground,
    time: Arc<ManualTime>,
    topic: Arc<Topic>,
}

impl Restarting {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(config: &[(&str, &str)]) -> Self {
        let time = Arc::new(ManualTime::new());
        let source = Arc::<ManualTime>::clone(&time);
        let ground = Ground::new(Clock::from_source(source), config);
        let topic = ground.topic("t", 2);
        Self {
            ground,
            time,
            topic,
        }
    }

    fn start(&self) -> Coordinators {
        self.ground.start(limits())
    }

    fn write(
        &self,
        transactions: &TransactionCoordinator,
        producer: Producer,
        sequence: i32,
    ) -> Result<(), TransactionError> {
        let batch = BatchBuilder::new()
            .producer(producer.id, producer.epoch, sequence)
            .flags(0x10)
            .value("a")
            .build();
        let replica = self.ground.partitions.get(self.topic.id, 0).unwrap();
        let append = || {
            let admission = Admission::Verified;
            let appended = replica.append(&batch, &self.topic.settings, admission, 0);
            appended.unwrap();
        };
        let protocol = Protocol::EpochPerTransaction;
        transactions.write("x", producer, protocol, partition(0), append)
    }

    fn stable_end(&self) -> i64 {
        let replica = self.ground.partitions.get(self.topic.id, 0).unwrap();
        let end = replica.offset_for(OffsetSpec::Latest, Isolation::ReadCommitted);
        end.unwrap().unwrap().offset
    }
}

fn init(transactions: &TransactionCoordinator) -> Result<Producer, TransactionError> {
    let init = Init {
        timeout: TIMEOUT,
        expected: None,
    };
    transactions.init("x", init)
}

#[tokio::test]
async fn an_open_transaction_goes_on() {
    let restarting = Restarting::new();
    let first = restarting.start().transactions;
    let producer = init(&first).unwrap();
    restarting.write(&first, producer, 0).unwrap();
    let described = first.describe("x").unwrap();
    drop(first);

    let second = restarting.start().transactions;
    assert_eq!(second.describe("x"), Some(described));
    restarting.write(&second, producer, 1).unwrap();
    let protocol = Protocol::EpochPerTransaction;
    let next = second
        .end("x", producer, protocol, Verdict::Commit)
        .unwrap();
    assert_eq!(next.epoch, producer.epoch + 1);
    assert_eq!(restarting.stable_end(), 3, "two records and a marker");
    // Whoever comes new gets an id of its own.
    let init = Init {
        timeout: TIMEOUT,
        expected: None,
    };
    let other = restarting.start().transactions.init("y", init).unwrap();
    assert!(other.id > producer.id);
}

#[tokio::test]
async fn an_open_transactions_time_runs_on() {
    let restarting = Restarting::new();
    let first = restarting.start().transactions;
    let producer = init(&first).unwrap();
    restarting.time.advance(TIMEOUT);
    restarting.write(&first, producer, 0).unwrap();
    drop(first);
    restarting.time.advance(TIMEOUT / 2);
    let second = restarting.start().transactions;
    restarting.time.advance(TIMEOUT / 2);
    while second.describe("x").unwrap().state != TransactionState::CompleteAbort {
        tokio::task::yield_now().await;
    }
    assert_eq!(restarting.stable_end(), 2);
}

#[tokio::test]
async fn the_markers_of_a_decided_transaction_are_written_to_the_end() {
    for (status, state) in [
        (
            TransactionState::PrepareCommit,
            TransactionState::CompleteCommit,
        ),
        (
            TransactionState::PrepareAbort,
            TransactionState::CompleteAbort,
        ),
    ] {
        let restarting = Restarting::new();
        let first = restarting.start();
        let producer = init(&first.transactions).unwrap();
        restarting.write(&first.transactions, producer, 0).unwrap();
        first.groups.ensure_topic().unwrap();
        drop(first);
        // The last that was written down before the end.
        let offsets = crate::coord::group::PartitionKey {
            topic: OFFSETS_TOPIC.into(),
            partition: 3,
        };
        let decided = TransactionLogValue {
            producer_id: producer.id,
            producer_epoch: producer.epoch + 1,
            transaction_timeout_ms: 60_000,
            transaction_status: status.number(),
            transaction_partitions: Some(by_topic(&BTreeSet::from([partition(0), offsets]))),
            client_transaction_version: 2,
            ..TransactionLogValue::default()
        };
        let journal = restarting.ground.journal(StateTopic::Transactions);
        let record = TransactionLogValue::record("x", Some(&decided)).unwrap();
        journal
            .append(journal.partition_of("x"), &[record], None)
            .unwrap();
        assert_eq!(restarting.stable_end(), 0);

        let second = restarting.start().transactions;
        let described = second.describe("x").unwrap();
        assert_eq!(described.state, state);
        assert_eq!(described.producer.epoch, producer.epoch + 1);
        assert_eq!(restarting.stable_end(), 2);
        let mut markers = 0;
        let offsets = restarting.ground.journal(StateTopic::Offsets);
        offsets.read(3, |_| markers += 1).unwrap();
        assert_eq!(markers, 1);
    }
}

#[tokio::test]
async fn nobody_is_answered_before_the_ids_are_known() {
    let restarting = Restarting::new();
    let transactions = restarting.start().transactions;
    let producer = init(&transactions).unwrap();
    assert!(transactions.begin_loading());
    let loading = TransactionError::Unavailable(Unavailable::Loading);
    assert_eq!(init(&transactions), Err(loading));
    assert_eq!(transactions.check_loaded(None), Err(Unavailable::Loading));
    transactions.load();
    assert_eq!(init(&transactions).unwrap().id, producer.id);
}

#[tokio::test]
async fn forgotten_ids_stay_forgotten() {
    let restarting = Restarting::new();
    let transactions = restarting.start().transactions;
    init(&transactions).unwrap();
    restarting.time.advance(limits().expiration);
    while !transactions.list().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(restarting.start().transactions.list().is_empty());
}

#[tokio::test]
async fn what_cannot_be_written_down_did_not_happen() {
    let restarting = Restarting::with(&[("message.max.bytes", "300")]);
    let transactions = restarting.start().transactions;
    let producer = init(&transactions).unwrap();
    let add = |count| {
        let partitions = (0..count).map(partition).collect();
        transactions.add("x", producer, Protocol::Classic, partitions)
    };
    let unwritten = TransactionError::Unavailable(Unavailable::NotWritten);
    assert_eq!(add(100), Err(unwritten));
    let described = transactions.describe("x").unwrap();
    assert_eq!(described.state, TransactionState::Empty);
    assert_eq!(add(2), Ok(()));
    assert_eq!(transactions.describe("x").unwrap().partitions.len(), 2);
}
