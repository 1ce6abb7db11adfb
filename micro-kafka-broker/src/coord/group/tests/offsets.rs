use super::harness::*;
use crate::coord::group::{Event, GroupError, PartitionKey};

fn committed(sim: &Sim, topic: &str) -> Option<i64> {
    let key = PartitionKey {
        topic: topic.into(),
        partition: 0,
    };
    sim.group
        .offset(&key)
        .committed
        .map(|committed| committed.offset)
}

#[test]
fn anybody_commits_to_an_empty_group() {
    let mut sim = Sim::new();
    assert_eq!(sim.commit(caller(-1, ""), commit_of("t", 7)), Ok(()));
    assert_eq!(committed(&sim, "t"), Some(7));
    assert!(!sim.group.is_forgotten());
}

#[test]
fn only_members_of_the_generation_commit_to_a_living_group() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    assert_eq!(
        sim.commit(caller(generation, "a"), commit_of("t", 1)),
        Ok(())
    );
    assert_eq!(
        sim.commit(caller(-1, ""), commit_of("t", 2)),
        Err(GroupError::UnknownMember)
    );
    assert_eq!(
        sim.commit(caller(generation, "x"), commit_of("t", 2)),
        Err(GroupError::UnknownMember)
    );
    assert_eq!(
        sim.commit(caller(generation - 1, "a"), commit_of("t", 2)),
        Err(GroupError::IllegalGeneration)
    );
    assert_eq!(
        sim.commit(caller(-1, "a"), commit_of("t", 2)),
        Err(GroupError::IllegalGeneration)
    );
    assert_eq!(committed(&sim, "t"), Some(1));
}

#[test]
fn a_group_that_never_was_takes_no_generation() {
    let mut sim = Sim::new();
    assert_eq!(
        sim.commit(caller(3, "a"), commit_of("t", 1)),
        Err(GroupError::UnknownGroup)
    );
}

#[test]
fn commits_pass_while_members_gather_and_not_while_they_wait_for_the_leader() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    sim.join(join("a"));
    assert_eq!(
        sim.commit(caller(generation, "b"), commit_of("t", 1)),
        Ok(())
    );
    let last = sim.join(join("b"));
    let generation = sim.joined(last).generation;
    let refused = sim.commit(caller(generation, "b"), commit_of("t", 2));
    assert_eq!(refused, Err(GroupError::RebalanceInProgress));
}

#[test]
fn a_commit_keeps_the_session() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    for _ in 0..5 {
        sim.advance(SESSION / 2);
        sim.commit(caller(generation, "a"), commit_of("t", 1))
            .unwrap();
        sim.commit(caller(generation, "b"), commit_of("t", 1))
            .unwrap();
    }
    assert_eq!(sim.heartbeat(caller(generation, "a")), Ok(()));
}

#[test]
fn long_metadata_is_refused() {
    let mut sim = Sim::new();
    let with = |length| {
        let mut commit = commit_of("t", 1);
        commit.committed.metadata = "x".repeat(length);
        commit
    };
    assert_eq!(
        sim.commit(caller(-1, ""), with(4097)),
        Err(GroupError::OffsetMetadataTooLarge)
    );
    assert!(sim.group.is_forgotten());
    assert_eq!(sim.commit(caller(-1, ""), with(4096)), Ok(()));
}

#[test]
fn a_deleted_topics_offsets_are_forgotten() {
    let mut sim = Sim::new();
    sim.commit(caller(-1, ""), commit_of("t", 1)).unwrap();
    sim.commit(caller(-1, ""), commit_of("u", 1)).unwrap();
    sim.step(Event::TopicDeleted("t".into()));
    assert_eq!(
        (committed(&sim, "t"), committed(&sim, "u")),
        (None, Some(1))
    );
}
