use std::time::Duration;

use super::harness::*;
use crate::batch::Verdict::{Abort, Commit};
use crate::coord::transaction::Protocol::{Classic, EpochPerTransaction};
use crate::coord::transaction::{Event, Init, Producer, TransactionError, TransactionState};

#[test]
fn every_init_gives_the_next_epoch() {
    let mut sim = Sim::new();
    let first = sim.init().unwrap();
    assert_eq!(first.epoch, 0);
    let second = sim.init().unwrap();
    assert_eq!((second.id, second.epoch), (first.id, 1));
}

#[test]
fn a_second_producer_aborts_what_the_zombie_had_open() {
    for protocol in [Classic, EpochPerTransaction] {
        let mut sim = Sim::new();
        let zombie = sim.init().unwrap();
        sim.add(zombie, 0).unwrap();
        assert_eq!(sim.init(), Err(TransactionError::Concurrent));
        assert_eq!(sim.state(), TransactionState::PrepareAbort);
        assert_eq!(sim.init(), Err(TransactionError::Concurrent));
        let (marker, partitions) = sim.write_markers().unwrap();
        assert_eq!((marker.verdict, marker.producer_epoch), (Abort, 1));
        assert_eq!(partitions.len(), 1);
        let good = sim.init().unwrap();
        assert_eq!((good.id, good.epoch), (zombie.id, 2));
        let fenced = Err(TransactionError::ProducerFenced);
        assert_eq!(sim.add(zombie, 0), fenced);
        assert_eq!(sim.verify(zombie, 0), fenced);
        assert_eq!(sim.end(zombie, protocol, Commit), fenced);
    }
}

#[test]
fn a_transaction_is_aborted_when_its_time_is_up() {
    let mut sim = Sim::new();
    let producer = sim.init().unwrap();
    sim.add(producer, 0).unwrap();
    sim.advance(TIMEOUT - Duration::from_millis(1));
    assert_eq!(sim.state(), TransactionState::Ongoing);
    sim.advance(Duration::from_millis(1));
    let (marker, _) = sim.write_markers().unwrap();
    assert_eq!((marker.verdict, marker.producer_epoch), (Abort, 1));
    assert_eq!(
        sim.end(producer, Classic, Commit),
        Err(TransactionError::ProducerFenced)
    );
    assert_eq!(
        sim.end(producer, EpochPerTransaction, Commit),
        Err(TransactionError::InvalidState)
    );
}

#[test]
fn adding_partitions_does_not_prolong_a_transaction() {
    let mut sim = Sim::new();
    let producer = sim.init().unwrap();
    sim.add(producer, 0).unwrap();
    sim.advance(TIMEOUT / 2);
    sim.add(producer, 1).unwrap();
    sim.advance(TIMEOUT / 2);
    assert_eq!(sim.state(), TransactionState::PrepareAbort);
}

#[test]
fn a_producer_that_goes_on_must_be_the_one_that_holds_the_id() {
    let mut sim = Sim::new();
    let first = sim.init().unwrap();
    let second = sim.init_as(Some(first)).unwrap();
    assert_eq!((second.id, second.epoch), (first.id, 1));
    assert_eq!(sim.init_as(Some(first)), Ok(second), "a retry");
    sim.init().unwrap();
    let fenced = Err(TransactionError::ProducerFenced);
    assert_eq!(sim.init_as(Some(second)), fenced);
    let other = Producer {
        id: first.id + 7,
        epoch: 0,
    };
    assert_eq!(sim.init_as(Some(other)), fenced);
}

#[test]
fn a_retry_is_known_after_a_transaction_too() {
    let mut sim = Sim::new();
    let first = sim.init().unwrap();
    let second = sim.init_as(Some(first)).unwrap();
    sim.add(second, 0).unwrap();
    sim.end(second, Classic, Commit).unwrap();
    sim.write_markers();
    assert_eq!(sim.init_as(Some(first)), Ok(second));
}

#[test]
fn when_the_epochs_run_out_the_producer_gets_a_new_id() {
    let (mut sim, last) = Sim::near_the_last_epoch();
    let next = sim.init_as(Some(last)).unwrap();
    assert_ne!(next.id, last.id);
    assert_eq!(next.epoch, 0);
    assert_eq!(sim.init_as(Some(last)), Ok(next), "a retry");
    let (mut sim, last) = Sim::near_the_last_epoch();
    sim.add(last, 0).unwrap();
    assert_eq!(sim.init(), Err(TransactionError::Concurrent));
    let (marker, _) = sim.write_markers().unwrap();
    assert_eq!(marker.producer_epoch, i16::MAX);
    assert_ne!(sim.init().unwrap().id, last.id);
}

#[test]
fn timeouts_have_bounds() {
    let mut sim = Sim::new();
    for timeout in [
        Duration::ZERO,
        limits().max_timeout + Duration::from_millis(1),
    ] {
        let init = Init {
            timeout,
            expected: None,
        };
        assert_eq!(
            sim.step(Event::Init(init)),
            Some(Err(TransactionError::InvalidTimeout))
        );
    }
    assert!(sim.transaction.is_dead());
}

#[test]
fn an_id_that_is_not_used_is_forgotten() {
    let mut sim = Sim::new();
    let producer = sim.init().unwrap();
    sim.advance(limits().expiration - Duration::from_millis(1));
    assert!(!sim.transaction.is_dead());
    sim.add(producer, 0).unwrap();
    sim.end(producer, Classic, Commit).unwrap();
    sim.write_markers();
    sim.advance(limits().expiration - Duration::from_millis(1));
    assert!(!sim.transaction.is_dead());
    sim.advance(Duration::from_millis(1));
    assert!(sim.transaction.is_dead());
}
