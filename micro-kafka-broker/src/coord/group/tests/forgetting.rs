use std::time::Duration;

use bytes::Bytes;

use super::harness::*;
use crate::coord::group::{Change, Event, GroupError, Join, PartitionKey, Reply};

/// Version 0, one topic, no user data.
const SUBSCRIPTION_TO_T: &[u8] = b"\0\0\0\0\0\x01\0\x01t\xff\xff\xff\xff";

fn key(topic: &str) -> PartitionKey {
    PartitionKey {
        topic: topic.into(),
        partition: 0,
    }
}

impl Sim {
    fn delete(&mut self) -> Result<(), GroupError> {
        let token = self.send(Event::Delete);
        match self.answer(token) {
            Some(Reply::Delete(outcome)) => *outcome,
            other => panic!("not deleted: {other:?}"),
        }
    }

    fn delete_offset(&mut self, topic: &str) -> Result<(), GroupError> {
        let token = self.send(|token| Event::DeleteOffsets(token, vec![key(topic)]));
        match self.answer(token) {
            Some(Reply::Commit(Ok(outcomes))) => outcomes[0],
            Some(Reply::Commit(Err(error))) => Err(*error),
            other => panic!("not deleted: {other:?}"),
        }
    }

    fn has_offset(&self, topic: &str) -> bool {
        self.group.offset(&key(topic)).committed.is_some()
    }

    fn clean_up_after(&mut self, by: Duration) {
        self.advance(by);
        self.step(Event::CleanUp);
    }

    /// A stable group of one consumer that reads the topic `t`; returns its generation.
    fn consumer_of_t(&mut self) -> i32 {
        let id = self.admit("a");
        let mut joining = join(&id);
        joining.protocols[0].metadata = Bytes::from_static(SUBSCRIPTION_TO_T);
        let token = self.join(joining);
        let generation = self.joined(token).generation;
        let token = self.sync_as(generation, &id, &[("a", "0")]);
        self.synced(token).unwrap();
        generation
    }
}

#[test]
fn only_an_empty_group_is_deleted_and_its_offsets_go_with_it() {
    let mut sim = Sim::new();
    assert_eq!(sim.delete(), Err(GroupError::UnknownGroup));
    let generation = sim.consumer_of_t();
    sim.commit(caller(generation, "a"), commit_of("t", 1))
        .unwrap();
    assert_eq!(sim.delete(), Err(GroupError::NotEmpty));
    sim.leave("a", None).unwrap();
    assert_eq!(sim.delete(), Ok(()));
    assert!(sim.group.is_forgotten() && !sim.has_offset("t"));
    let last = &sim.changes[sim.changes.len() - 2..];
    assert_eq!(last, [Change::Forgotten(key("t")), Change::Removed]);
    assert_eq!(sim.delete(), Err(GroupError::UnknownGroup));
}

#[test]
fn offsets_of_a_topic_that_members_read_are_not_deleted() {
    let mut sim = Sim::new();
    assert_eq!(sim.delete_offset("t"), Err(GroupError::UnknownGroup));
    let generation = sim.consumer_of_t();
    for topic in ["t", "u"] {
        sim.commit(caller(generation, "a"), commit_of(topic, 1))
            .unwrap();
    }
    assert_eq!(sim.delete_offset("t"), Err(GroupError::SubscribedToTopic));
    assert_eq!(sim.delete_offset("u"), Ok(()));
    assert_eq!(sim.delete_offset("never"), Ok(()));
    assert!(sim.has_offset("t") && !sim.has_offset("u"));
    sim.leave("a", None).unwrap();
    assert_eq!(sim.delete_offset("t"), Ok(()));
}

#[test]
fn a_topic_is_read_until_the_generation_of_its_reader_is_over() {
    let mut sim = Sim::new();
    sim.consumer_of_t();
    let mut nothing = join(&sim.admit("b"));
    nothing.protocols[0].metadata = Bytes::from_static(b"\0\0\0\0\0\0\xff\xff\xff\xff");
    let waiting = sim.join(nothing.clone());
    let mut reader = join("a");
    reader.protocols[0].metadata = Bytes::from_static(SUBSCRIPTION_TO_T);
    sim.join(reader);
    let generation = sim.joined(waiting).generation;
    sim.leave("a", None).unwrap();
    assert_eq!(sim.delete_offset("t"), Err(GroupError::SubscribedToTopic));
    let again = sim.join(nothing);
    assert!(sim.joined(again).generation > generation);
    assert_eq!(sim.delete_offset("t"), Ok(()));
}

#[test]
fn a_living_group_of_another_kind_keeps_its_offsets() {
    let mut sim = Sim::new();
    let id = sim.admit("a");
    let worker = Join {
        protocol_type: "connect".to_owned(),
        ..join(&id)
    };
    sim.join(worker);
    assert_eq!(sim.delete_offset("t"), Err(GroupError::NotEmpty));
}

#[test]
fn offsets_of_nobodys_group_expire_by_their_commit() {
    let mut sim = Sim::new();
    let at = |sim: &Sim, topic| {
        let mut commit = commit_of(topic, 1);
        commit.committed.committed_at = sim.moment().unix_millis;
        commit
    };
    let retention = limits().offsets_retention;
    let first = at(&sim, "t");
    sim.commit(caller(-1, ""), first).unwrap();
    sim.advance(Duration::from_secs(10));
    let second = at(&sim, "u");
    sim.commit(caller(-1, ""), second).unwrap();
    sim.clean_up_after(retention - Duration::from_secs(11));
    assert!(sim.has_offset("t"));
    sim.clean_up_after(Duration::from_secs(1));
    assert!(!sim.has_offset("t") && sim.has_offset("u"));
    sim.clean_up_after(Duration::from_secs(10));
    assert!(sim.group.is_forgotten());
}

#[test]
fn offsets_of_consumers_expire_when_the_group_has_been_empty_for_long() {
    let mut sim = Sim::new();
    let generation = sim.consumer_of_t();
    for topic in ["t", "u"] {
        sim.commit(caller(generation, "a"), commit_of(topic, 1))
            .unwrap();
    }
    // Long since committed, but a member reads the one; the other is nobody's.
    sim.step(Event::CleanUp);
    assert!(sim.has_offset("t") && sim.has_offset("u"));
    let retention = limits().offsets_retention;
    for _ in 0..3 {
        sim.advance(SESSION / 2);
        sim.heartbeat(caller(generation, "a")).unwrap();
    }
    sim.leave("a", None).unwrap();
    sim.clean_up_after(retention - Duration::from_millis(1));
    assert!(sim.has_offset("t"));
    sim.clean_up_after(Duration::from_millis(1));
    assert!(sim.group.is_forgotten());
}

#[test]
fn an_old_client_says_itself_when_its_offsets_expire() {
    let mut sim = Sim::new();
    let mut commit = commit_of("t", 1);
    commit.committed.expires_at = Some(sim.moment().unix_millis + 5000);
    sim.commit(caller(-1, ""), commit).unwrap();
    sim.clean_up_after(Duration::from_millis(4999));
    assert!(sim.has_offset("t"));
    sim.clean_up_after(Duration::from_millis(1));
    assert!(!sim.has_offset("t"));
}
