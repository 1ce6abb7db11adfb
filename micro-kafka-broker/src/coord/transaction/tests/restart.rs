//! Coordinators that end, and others that take their place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::harness::{TIMEOUT, limits, partition};
use crate::batch::{BatchBuilder, Verdict};
use crate::clock::{Clock, ManualTime};
use crate::coord::Unavailable;
use crate::coord::ground::{Coordinators, Ground};
use crate::coord::group::OFFSETS_TOPIC;
use crate::coord::transaction::record::{TransactionLogValue, by_topic};
use crate::coord::transaction::{
    Init, Producer, Protocol, TransactionCoordinator, TransactionError, TransactionState,
};
use crate::log::disk::DataDir;
use crate::log::disk::temporary::TemporaryDir;
use crate::meta::{StateTopic, Topic};
use crate::partition::{Admission, Isolation, OffsetSpec, PartitionTable, ReadRequest};

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
        Self::over(PartitionTable::new(), config)
    }

    fn over(partitions: PartitionTable, config: &[(&str, &str)]) -> Self {
        let time = Arc::new(ManualTime::new());
        let source = Arc::<ManualTime>::clone(&time);
        let ground = Ground::over(partitions, Clock::from_source(source), config);
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

    /// Aborted transactions that readers are told of, once no transaction is open.
    fn aborted(&self) -> usize {
        let replica = self.ground.partitions.get(self.topic.id, 0).unwrap();
        let request = ReadRequest {
            offset: 0,
            max_bytes: 1 << 20,
            at_least_one: true,
            isolation: Isolation::ReadCommitted,
        };
        let read = replica.read(request).unwrap();
        assert_eq!(read.last_stable_offset, read.high_watermark);
        read.aborted.len()
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

#[tokio::test]
async fn markers_that_do_not_fit_on_the_disk_are_written_when_there_is_room() {
    for room in (0..360).step_by(20) {
        let dir = TemporaryDir::new();
        let data = Arc::new(DataDir::open(dir.path(), 1).unwrap());
        let config = [("transaction.state.log.num.partitions", "1")];
        let table = PartitionTable::on_disk(Arc::clone(&data));
        let restarting = Restarting::over(table, &config);
        let transactions = restarting.start().transactions;
        let producer = init(&transactions).unwrap();
        restarting.write(&transactions, producer, 0).unwrap();
        data.faults().leave_room(Some(room));
        let protocol = Protocol::EpochPerTransaction;
        let ended = transactions.end("x", producer, protocol, Verdict::Commit);
        data.faults().leave_room(None);
        loop {
            restarting.time.advance(Duration::from_millis(500));
            match init(&transactions) {
                Ok(_) => break,
                Err(error) => assert_eq!(error, TransactionError::Concurrent, "{room}"),
            }
            tokio::task::yield_now().await;
        }
        // What was answered holds; what was not is aborted by the next producer.
        assert_eq!(restarting.aborted(), usize::from(ended.is_err()), "{room}");
    }
}
