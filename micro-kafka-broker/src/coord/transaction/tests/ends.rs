use super::harness::*;
use crate::batch::Verdict::{Abort, Commit};
use crate::coord::transaction::Protocol::{Classic, EpochPerTransaction};
use crate::coord::transaction::{Producer, TransactionError, TransactionState};

#[test]
fn a_commit_writes_its_marker_everywhere_and_settles() {
    let mut sim = Sim::new();
    let producer = sim.init().unwrap();
    sim.add(producer, 0).unwrap();
    sim.add(producer, 1).unwrap();
    assert_eq!(sim.state(), TransactionState::Ongoing);
    assert_eq!(sim.end(producer, Classic, Commit), Ok(producer));
    assert_eq!(sim.state(), TransactionState::PrepareCommit);
    let (marker, partitions) = sim.write_markers().unwrap();
    assert_eq!((marker.verdict, marker.producer_epoch), (Commit, 0));
    assert_eq!(partitions.len(), 2);
    assert_eq!(sim.state(), TransactionState::CompleteCommit);
    assert!(sim.transaction.describe().partitions.is_empty());
}

#[test]
fn nothing_begins_before_the_markers_are_written() {
    let mut sim = Sim::new();
    let producer = sim.init().unwrap();
    sim.add(producer, 0).unwrap();
    sim.end(producer, Classic, Abort).unwrap();
    let concurrent = Err(TransactionError::Concurrent);
    assert_eq!(sim.add(producer, 1), concurrent);
    assert_eq!(sim.verify(producer, 0), concurrent);
    assert_eq!(sim.init(), concurrent);
    assert_eq!(sim.end(producer, Classic, Abort), concurrent);
    assert_eq!(
        sim.end(producer, Classic, Commit),
        Err(TransactionError::InvalidState)
    );
    sim.write_markers();
    assert_eq!(sim.add(producer, 1), Ok(producer));
}

#[test]
fn a_classic_end_may_be_repeated_but_not_turned_around() {
    for verdict in [Commit, Abort] {
        let mut sim = Sim::new();
        let producer = sim.init().unwrap();
        assert_eq!(
            sim.end(producer, Classic, verdict),
            Err(TransactionError::InvalidState),
            "nothing has begun"
        );
        sim.add(producer, 0).unwrap();
        sim.end(producer, Classic, verdict).unwrap();
        sim.write_markers();
        assert_eq!(sim.end(producer, Classic, verdict), Ok(producer));
        assert!(sim.markers.is_empty());
        let other = if verdict == Commit { Abort } else { Commit };
        assert_eq!(
            sim.end(producer, Classic, other),
            Err(TransactionError::InvalidState)
        );
    }
}

#[test]
fn with_an_epoch_per_transaction_the_end_gives_the_next_epoch() {
    let mut sim = Sim::new();
    let first = sim.init().unwrap();
    sim.add(first, 0).unwrap();
    let second = sim.end(first, EpochPerTransaction, Commit).unwrap();
    assert_eq!((second.id, second.epoch), (first.id, first.epoch + 1));
    assert_eq!(
        sim.end(first, EpochPerTransaction, Commit),
        Err(TransactionError::Concurrent)
    );
    let (marker, _) = sim.write_markers().unwrap();
    assert_eq!(marker.producer_epoch, second.epoch);
    assert_eq!(
        sim.end(first, EpochPerTransaction, Commit),
        Ok(second),
        "a retry"
    );
    assert_eq!(
        sim.end(first, EpochPerTransaction, Abort),
        Err(TransactionError::InvalidState)
    );
    assert_eq!(
        sim.add(first, 0),
        Err(TransactionError::ProducerFenced),
        "what comes late is refused"
    );
    assert_eq!(
        sim.end(second, EpochPerTransaction, Commit),
        Err(TransactionError::InvalidState),
        "an empty commit"
    );
}

#[test]
fn an_abort_with_its_own_epoch_needs_no_transaction() {
    let mut sim = Sim::new();
    let mut producer = sim.init().unwrap();
    for epoch in 1..4 {
        producer = sim.end(producer, EpochPerTransaction, Abort).unwrap();
        assert_eq!(producer.epoch, epoch);
        let (_, partitions) = sim.write_markers().unwrap();
        assert!(partitions.is_empty());
        assert_eq!(sim.state(), TransactionState::CompleteAbort);
    }
}

#[test]
fn when_the_epochs_run_out_the_end_gives_a_new_id() {
    let (mut sim, last) = Sim::near_the_last_epoch();
    sim.add(last, 0).unwrap();
    let next = sim.end(last, EpochPerTransaction, Commit).unwrap();
    assert_ne!(next.id, last.id);
    assert_eq!(next.epoch, 0);
    let (marker, _) = sim.write_markers().unwrap();
    assert_eq!(
        (marker.producer_id, marker.producer_epoch),
        (last.id, i16::MAX)
    );
    assert_eq!(sim.end(last, EpochPerTransaction, Commit), Ok(next));
    assert_eq!(sim.add(next, 0), Ok(next));
    assert_eq!(
        sim.add(last, 0),
        Err(TransactionError::InvalidProducerIdMapping)
    );
}

#[test]
fn strangers_end_nothing() {
    let mut sim = Sim::new();
    let producer = sim.init().unwrap();
    sim.add(producer, 0).unwrap();
    for protocol in [Classic, EpochPerTransaction] {
        let other_id = Producer {
            id: producer.id + 1,
            ..producer
        };
        assert_eq!(
            sim.end(other_id, protocol, Commit),
            Err(TransactionError::InvalidProducerIdMapping)
        );
        for epoch in [producer.epoch + 1, producer.epoch - 1] {
            let other_epoch = Producer { epoch, ..producer };
            assert_eq!(
                sim.end(other_epoch, protocol, Commit),
                Err(TransactionError::ProducerFenced)
            );
        }
    }
    assert_eq!(sim.state(), TransactionState::Ongoing);
}
