use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::harness::{TIMEOUT, limits, partition};
use crate::batch::{BatchBuilder, Verdict};
use crate::clock::Clock;
use crate::coord::Unavailable;
use crate::coord::ground::{Coordinators, Ground};
use crate::coord::group::{
    Caller, CommitPartition, CommittedOffset, GroupCoordinator, OFFSETS_TOPIC, PartitionKey, Reply,
};
use crate::coord::transaction::{
    Init, Producer, Protocol, TransactionCoordinator, TransactionError, TransactionState,
};
use crate::meta::Topic;
use crate::partition::{Admission, Isolation, OffsetSpec};

struct Shell {
    ground: Ground,
    groups: Arc<GroupCoordinator>,
    transactions: TransactionCoordinator,
    topic: Arc<Topic>,
}

impl Shell {
    fn new() -> Self {
        let ground = Ground::new(Clock::system(), &[]);
        let topic = ground.topic("t", 2);
        let Coordinators {
            groups,
            transactions,
        } = ground.start(limits());
        Self {
            ground,
            groups,
            transactions,
            topic,
        }
    }

    fn init(&self) -> Result<Producer, TransactionError> {
        let init = Init {
            timeout: TIMEOUT,
            expected: None,
        };
        self.transactions.init("x", init)
    }

    /// Keeps an offset of the group `g` in the producer's transaction.
    fn keep(&self, producer: Producer, offset: i64) -> Result<Reply, Unavailable> {
        let offsets = PartitionKey {
            topic: OFFSETS_TOPIC.into(),
            partition: self.groups.partition_of("g"),
        };
        let commit = CommitPartition {
            key: partition(0),
            committed: CommittedOffset {
                offset,
                ..CommittedOffset::default()
            },
        };
        let caller = Caller {
            generation: -1,
            ..Caller::default()
        };
        let keep = || {
            self.groups
                .commit_in_transaction("g", caller, producer, vec![commit])
        };
        let protocol = Protocol::EpochPerTransaction;
        let kept = self
            .transactions
            .write("x", producer, protocol, offsets, keep);
        // It is answered before it returns.
        kept.unwrap().try_recv().unwrap()
    }

    fn write(&self, producer: Producer) -> Result<(), TransactionError> {
        let batch = BatchBuilder::new()
            .producer(producer.id, producer.epoch, 0)
            .flags(0x10)
            .value("a")
            .build();
        let replica = self.ground.partitions.get(self.topic.id, 0).unwrap();
        let append = || {
            replica
                .append(&batch, &self.topic.settings, Admission::Verified, 0)
                .unwrap();
        };
        self.transactions
            .write("x", producer, Protocol::Classic, partition(0), append)
    }

    fn end_offset(&self, isolation: Isolation) -> i64 {
        let replica = self.ground.partitions.get(self.topic.id, 0).unwrap();
        replica
            .offset_for(OffsetSpec::Latest, isolation)
            .unwrap()
            .unwrap()
            .offset
    }

    fn state(&self) -> TransactionState {
        self.transactions.describe("x").unwrap().state
    }
}

#[tokio::test]
async fn records_need_a_transaction_that_includes_their_partition() {
    let shell = Shell::new();
    let producer = shell.init().unwrap();
    assert_eq!(shell.write(producer), Err(TransactionError::NotIncluded));
    let partitions = BTreeSet::from([partition(0)]);
    shell
        .transactions
        .add("x", producer, Protocol::Classic, partitions)
        .unwrap();
    assert_eq!(shell.write(producer), Ok(()));
    assert_eq!(shell.end_offset(Isolation::ReadCommitted), 0);
    let committed = Verdict::Commit;
    let ended = shell
        .transactions
        .end("x", producer, Protocol::Classic, committed);
    assert_eq!(ended, Ok(producer));
    assert_eq!(
        shell.end_offset(Isolation::ReadCommitted),
        2,
        "record and marker"
    );
    assert_eq!(shell.state(), TransactionState::CompleteCommit);
}

#[tokio::test(start_paused = true)]
async fn timers_abort_a_transaction_that_is_left_open() {
    let shell = Shell::new();
    let producer = shell.init().unwrap();
    let partitions = BTreeSet::from([partition(0)]);
    shell
        .transactions
        .add("x", producer, Protocol::Classic, partitions)
        .unwrap();
    shell.write(producer).unwrap();
    tokio::time::sleep(TIMEOUT + Duration::from_millis(10)).await;
    assert_eq!(shell.state(), TransactionState::CompleteAbort);
    assert_eq!(shell.end_offset(Isolation::ReadCommitted), 2);
    assert_eq!(shell.write(producer), Err(TransactionError::ProducerFenced));
}

#[tokio::test(start_paused = true)]
async fn ids_that_are_not_used_are_forgotten_in_time() {
    let shell = Shell::new();
    shell.init().unwrap();
    assert_eq!(shell.transactions.list().len(), 1);
    tokio::time::sleep(limits().expiration + Duration::from_secs(1)).await;
    assert!(shell.transactions.list().is_empty());
    assert_eq!(
        shell.write(Producer { id: 0, epoch: 0 }),
        Err(TransactionError::InvalidProducerIdMapping)
    );
}

#[tokio::test]
async fn offsets_count_when_their_transaction_is_committed() {
    for (verdict, expected) in [(Verdict::Abort, None), (Verdict::Commit, Some(5))] {
        let shell = Shell::new();
        let producer = shell.init().unwrap();
        shell.groups.ensure_topic().unwrap();
        let protocol = Protocol::EpochPerTransaction;
        let reply = shell.keep(producer, 5);
        assert_eq!(reply, Ok(Reply::Commit(Ok(vec![Ok(())]))));
        let view = || shell.groups.offsets("g", &[partition(0)]).remove(0);
        assert!(view().unstable && view().committed.is_none());
        shell
            .transactions
            .end("x", producer, protocol, verdict)
            .unwrap();
        assert_eq!(view().committed.map(|c| c.offset), expected);
        assert!(!view().unstable);
        assert_eq!(shell.groups.list().len(), 1);
    }
}

#[tokio::test]
async fn a_deleted_topic_does_not_keep_a_transaction_from_ending() {
    let shell = Shell::new();
    let producer = shell.init().unwrap();
    let gone = PartitionKey {
        topic: "gone".into(),
        partition: 0,
    };
    shell
        .transactions
        .add("x", producer, Protocol::Classic, BTreeSet::from([gone]))
        .unwrap();
    let ended = shell
        .transactions
        .end("x", producer, Protocol::Classic, Verdict::Commit);
    assert_eq!(ended, Ok(producer));
    assert_eq!(shell.state(), TransactionState::CompleteCommit);
}

/// Whoever reads a group again finds what is open, and misses no end of it.
#[tokio::test]
async fn offsets_end_with_their_transaction_while_their_group_is_read_again() {
    let shell = Shell::new();
    shell.groups.ensure_topic().unwrap();
    let mut kept = 0;
    for offset in 0..300 {
        let producer = shell.init().unwrap();
        let reply = std::thread::scope(|threads| {
            let read_again = || shell.groups.reload("g");
            // Before it is kept, or before it ends.
            let early = offset % 2 == 0;
            early.then(|| threads.spawn(read_again));
            let reply = shell.keep(producer, offset);
            (!early).then(|| threads.spawn(read_again));
            for _ in 0..offset % 20 {
                std::thread::yield_now();
            }
            let protocol = Protocol::EpochPerTransaction;
            let ended = shell
                .transactions
                .end("x", producer, protocol, Verdict::Commit);
            ended.map(|_| reply).unwrap()
        });
        let view = shell.groups.offsets("g", &[partition(0)]).remove(0);
        assert!(!view.unstable, "{offset}: {view:?}");
        if reply == Ok(Reply::Commit(Ok(vec![Ok(())]))) {
            kept += 1;
            assert_eq!(view.committed.map(|c| c.offset), Some(offset));
        }
    }
    assert!(kept > 0);
}
