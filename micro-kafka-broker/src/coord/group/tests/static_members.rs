use super::harness::*;
use crate::coord::group::{Caller, Group, GroupError, GroupState, Join, JoinReply, Sync, Token};

fn fixed(member_id: &str, instance: &str, fresh_id: &str) -> Join {
    Join {
        instance_id: Some(instance.to_owned()),
        fresh_id: fresh_id.to_owned(),
        ..join(member_id)
    }
}

fn named(generation: i32, member_id: &str, instance: &str) -> Caller {
    Caller {
        instance_id: Some(instance.to_owned()),
        ..caller(generation, member_id)
    }
}

fn sync(sim: &mut Sim, caller: Caller, assignments: &[(&str, &'static str)]) -> Token {
    sim.sync(Sync {
        caller,
        assignments: assignments
            .iter()
            .map(|(id, bytes)| ((*id).to_owned(), (*bytes).into()))
            .collect(),
        ..Sync::default()
    })
}

/// A stable group of the static members `one` (the leader, `a1`) and `two` (`b1`).
fn stable() -> (Sim, i32) {
    let mut sim = Sim::new();
    sim.join(fixed("", "one", "a1"));
    let b = sim.join(fixed("", "two", "b1"));
    let a = sim.join(fixed("a1", "one", ""));
    let generation = sim.joined(a).generation;
    assert_eq!(
        (sim.joined(b).generation, sim.joined(a).leader),
        (generation, "a1".to_owned())
    );
    sync(&mut sim, named(generation, "b1", "two"), &[]);
    sync(
        &mut sim,
        named(generation, "a1", "one"),
        &[("a1", "0"), ("b1", "1")],
    );
    (sim, generation)
}

fn generation_of(group: &Group) -> (GroupState, usize) {
    (group.state(), group.describe().members.len())
}

#[test]
fn a_static_member_needs_no_second_join() {
    let mut sim = Sim::new();
    let token = sim.join(fixed("", "one", "a1"));
    assert_eq!(
        (sim.joined(token).error, sim.joined(token).member_id),
        (None, "a1".to_owned())
    );
}

#[test]
fn a_restarted_static_member_takes_its_place_without_a_rebalance() {
    let (mut sim, generation) = stable();
    let back = sim.join(fixed("", "two", "b2"));
    let JoinReply {
        member_id,
        generation: same,
        leader,
        skip_assignment,
        ..
    } = sim.joined(back);
    assert_eq!(
        (member_id.as_str(), same, leader.as_str()),
        ("b2", generation, "a1")
    );
    assert!(!skip_assignment);
    let synced = sync(&mut sim, named(generation, "b2", "two"), &[]);
    assert_eq!(
        sim.synced(synced).unwrap().assignment,
        "1",
        "its assignment came with it"
    );
    assert_eq!(sim.heartbeat(named(generation, "a1", "one")), Ok(()));
}

#[test]
fn the_replaced_instance_is_fenced() {
    let (mut sim, generation) = stable();
    sim.join(fixed("", "two", "b2"));
    let old = || named(generation, "b1", "two");
    assert_eq!(sim.heartbeat(old()), Err(GroupError::FencedInstance));
    assert_eq!(
        sim.commit(old(), commit_of("t", 1)),
        Err(GroupError::FencedInstance)
    );
    let synced = sync(&mut sim, old(), &[]);
    assert_eq!(sim.synced(synced), Err(GroupError::FencedInstance));
    let joined = sim.join(fixed("b1", "two", ""));
    assert_eq!(sim.joined(joined).error, Some(GroupError::FencedInstance));
    assert_eq!(
        sim.leave("b1", Some("two")).unwrap()[0].error,
        Some(GroupError::FencedInstance)
    );
}

#[test]
fn a_restarted_leader_is_told_to_skip_the_assignment() {
    let (mut sim, generation) = stable();
    let back = sim.join(fixed("", "one", "a2"));
    let reply = sim.joined(back);
    assert_eq!(
        (
            reply.leader.as_str(),
            reply.skip_assignment,
            reply.members.len()
        ),
        ("a2", true, 2)
    );
    let old_client = Join {
        can_skip_assignment: false,
        ..fixed("", "one", "a3")
    };
    let back = sim.join(old_client);
    let reply = sim.joined(back);
    assert_eq!(
        (reply.leader.as_str(), reply.members.len()),
        ("a2", 0),
        "told the old leader's id"
    );
    let synced = sync(&mut sim, named(generation, "a3", "one"), &[]);
    assert_eq!(sim.synced(synced).unwrap().assignment, "0");
}

#[test]
fn a_replaced_member_that_waits_is_answered_as_fenced() {
    let (mut sim, _) = stable();
    let waiting = sim.join(fixed("a1", "one", ""));
    assert_eq!(sim.answer(waiting), None);
    let newer = sim.join(fixed("", "one", "a2"));
    assert_eq!(sim.joined(waiting).error, Some(GroupError::FencedInstance));
    let other = sim.join(fixed("b1", "two", ""));
    assert_eq!(sim.joined(newer).generation, sim.joined(other).generation);
}

#[test]
fn a_static_member_may_be_away_for_its_session() {
    let (mut sim, generation) = stable();
    sim.advance(SESSION / 2);
    sim.heartbeat(named(generation, "a1", "one")).unwrap();
    assert_eq!(generation_of(&sim.group), (GroupState::Stable, 2));
    sim.advance(SESSION / 2);
    assert_eq!(
        generation_of(&sim.group),
        (GroupState::PreparingRebalance, 1)
    );
}

#[test]
fn an_operator_removes_a_static_member_by_name() {
    let (mut sim, generation) = stable();
    assert_eq!(sim.leave("", Some("two")).unwrap()[0].error, None);
    assert_eq!(
        sim.leave("", Some("three")).unwrap()[0].error,
        Some(GroupError::UnknownMember)
    );
    assert_eq!(
        sim.heartbeat(named(generation, "b1", "two")),
        Err(GroupError::UnknownMember)
    );
}

#[test]
fn replacing_in_the_middle_of_a_rebalance_begins_it_again() {
    let (mut sim, _) = stable();
    let a = sim.join(fixed("a1", "one", ""));
    sim.join(fixed("b1", "two", ""));
    let generation = sim.joined(a).generation;
    let waiting = sync(&mut sim, named(generation, "b1", "two"), &[]);
    sim.join(fixed("", "two", "b2"));
    assert_eq!(sim.synced(waiting), Err(GroupError::FencedInstance));
    assert_eq!(sim.group.state(), GroupState::PreparingRebalance);
}
