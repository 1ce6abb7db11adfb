use std::time::Duration;

use super::harness::*;
use crate::coord::group::{Event, GroupError, GroupLimits, GroupState, Join, Sync};

#[test]
fn a_first_member_joins_twice_and_leads() {
    let mut sim = Sim::new();
    let id = sim.admit("a");
    let token = sim.join(join(&id));
    let reply = sim.joined(token);
    assert_eq!(
        (reply.error, reply.generation, reply.leader.as_str()),
        (None, 1, "a")
    );
    assert_eq!(reply.protocol_name.as_deref(), Some("range"));
    assert_eq!(reply.members.len(), 1);
    assert_eq!(sim.group.state(), GroupState::CompletingRebalance);
}

#[test]
fn old_clients_join_at_once() {
    let mut sim = Sim::new();
    let token = sim.join(Join {
        fresh_id: "a".into(),
        require_known_id: false,
        ..join("")
    });
    assert_eq!(
        (sim.joined(token).error, sim.joined(token).member_id),
        (None, "a".into())
    );
}

#[test]
fn the_first_generation_waits_for_ids_that_were_given_out() {
    let mut sim = Sim::new();
    let (a, b) = (sim.admit("a"), sim.admit("b"));
    let first = sim.join(join(&a));
    assert_eq!(
        sim.joined(first).generation,
        1,
        "no delay: the first generation begins at once"
    );
    let second = sim.join(join(&b));
    assert_eq!(
        sim.answer(second),
        None,
        "the second waits until the first joins again"
    );
    assert_eq!(
        sim.heartbeat(caller(1, "a")),
        Err(GroupError::RebalanceInProgress)
    );
    let again = sim.join(join(&a));
    assert_eq!(sim.joined(again).generation, 2);
    assert_eq!(
        sim.joined(second).members.len(),
        0,
        "only the leader sees the members"
    );
    assert_eq!(sim.joined(again).members.len(), 2);
}

#[test]
fn the_initial_delay_gathers_members_and_is_extended_by_new_ones() {
    let delay = Duration::from_secs(3);
    let mut sim = Sim::with(GroupLimits {
        initial_rebalance_delay: delay,
        ..limits()
    });
    let (a, b) = (sim.admit("a"), sim.admit("b"));
    let first = sim.join(join(&a));
    sim.advance(Duration::from_secs(2));
    let second = sim.join(join(&b));
    sim.advance(Duration::from_secs(2));
    assert_eq!(sim.answer(first), None, "extended by the second");
    sim.advance(Duration::from_secs(2));
    assert_eq!(
        (sim.joined(first).generation, sim.joined(second).generation),
        (1, 1)
    );
}

#[test]
fn unknown_and_mismatched_members_are_refused() {
    let mut sim = Sim::new();
    let refused = |sim: &mut Sim, join| {
        let token = sim.join(join);
        sim.joined(token).error
    };
    assert_eq!(
        refused(&mut sim, join("ghost")),
        Some(GroupError::UnknownMember)
    );
    let short = Join {
        session_timeout: Duration::from_secs(5),
        ..join("")
    };
    assert_eq!(
        refused(&mut sim, short),
        Some(GroupError::InvalidSessionTimeout)
    );
    let without = Join {
        protocols: Vec::new(),
        ..join("")
    };
    assert_eq!(
        refused(&mut sim, without),
        Some(GroupError::InconsistentProtocol)
    );
    sim.stable_pair();
    let other = Join {
        protocols: protocols(&["sticky"]),
        ..join("")
    };
    assert_eq!(
        refused(&mut sim, other),
        Some(GroupError::InconsistentProtocol)
    );
    let connect = Join {
        protocol_type: "connect".into(),
        ..join("")
    };
    assert_eq!(
        refused(&mut sim, connect),
        Some(GroupError::InconsistentProtocol)
    );
}

#[test]
fn a_full_group_refuses_a_newcomer_but_not_a_member() {
    let mut sim = Sim::with(GroupLimits {
        max_size: 2,
        ..limits()
    });
    sim.stable_pair();
    let token = sim.join(join(""));
    assert_eq!(sim.joined(token).error, Some(GroupError::MaxSizeReached));
    let member = sim.join(join("b"));
    assert_eq!(sim.joined(member).error, None);
}

#[test]
fn the_protocol_that_most_members_prefer_is_chosen() {
    let mut sim = Sim::new();
    for id in ["a", "b", "c"] {
        sim.admit(id);
    }
    for (id, preferred) in [("a", ["x", "y"]), ("b", ["y", "x"]), ("c", ["y", "x"])] {
        sim.join(Join {
            protocols: protocols(&preferred),
            ..join(id)
        });
    }
    let token = sim.join(Join {
        protocols: protocols(&["x", "y"]),
        ..join("a")
    });
    assert_eq!(sim.joined(token).protocol_name.as_deref(), Some("y"));
    let metadata = &sim.joined(token).members[0].metadata;
    assert_eq!(metadata, "y");
}

#[test]
fn a_joining_member_whose_answer_got_lost_gets_it_again() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    let follower = sim.join(join("b"));
    assert_eq!(
        sim.joined(follower).generation,
        generation,
        "nothing changed: no rebalance"
    );
    let leader = sim.join(join("a"));
    assert_eq!(
        sim.answer(leader),
        None,
        "a leader that joins again wants a rebalance"
    );
    assert_eq!(sim.group.state(), GroupState::PreparingRebalance);
}

#[test]
fn changed_metadata_rebalances() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    let mut changed = join("b");
    changed.protocols[0].metadata = "other topics".into();
    sim.join(changed);
    assert_eq!(
        sim.heartbeat(caller(generation, "a")),
        Err(GroupError::RebalanceInProgress)
    );
}

#[test]
fn a_sync_waits_for_the_leader() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    assert_eq!(sim.group.state(), GroupState::Stable);
    let again = sim.sync_as(generation, "b", &[]);
    assert_eq!(
        sim.synced(again).unwrap().assignment,
        "2",
        "a stable group repeats itself"
    );
}

#[test]
fn a_sync_of_another_generation_or_protocol_is_refused() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    let old = sim.sync_as(generation - 1, "b", &[]);
    assert_eq!(sim.synced(old), Err(GroupError::IllegalGeneration));
    let ghost = sim.sync_as(generation, "ghost", &[]);
    assert_eq!(sim.synced(ghost), Err(GroupError::UnknownMember));
    let other = sim.sync(Sync {
        caller: caller(generation, "b"),
        protocol_name: Some("sticky".into()),
        ..Sync::default()
    });
    assert_eq!(sim.synced(other), Err(GroupError::InconsistentProtocol));
}

#[test]
fn a_rebalance_sends_waiting_syncs_back() {
    let mut sim = Sim::new();
    sim.stable_pair();
    sim.join(join("a"));
    let again = sim.join(join("b"));
    let generation = sim.joined(again).generation;
    let waiting = sim.sync_as(generation, "b", &[]);
    let c = sim.admit("c");
    sim.join(join(&c));
    assert_eq!(sim.synced(waiting), Err(GroupError::RebalanceInProgress));
}

#[test]
fn members_that_never_sync_are_removed_after_the_rebalance_timeout() {
    let mut sim = Sim::new();
    let (a, b) = (sim.admit("a"), sim.admit("b"));
    sim.join(join(&a));
    sim.join(join(&b));
    let token = sim.join(join(&a));
    let generation = sim.joined(token).generation;
    let waiting = sim.sync_as(generation, &b, &[]);
    for _ in 0..7 {
        // The leader lives, but never brings the assignment.
        let _ = sim.heartbeat(caller(generation, &a));
        sim.advance(SESSION - Duration::from_secs(1));
    }
    assert_eq!(sim.synced(waiting), Err(GroupError::RebalanceInProgress));
    assert_eq!(
        sim.heartbeat(caller(generation, &a)),
        Err(GroupError::UnknownMember)
    );
}

#[test]
fn who_waited_for_a_leader_that_is_gone_has_a_whole_session_to_join_again() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    sim.join(join("a"));
    sim.join(join("b"));
    let waiting = sim.sync_as(generation + 1, "b", &[]);
    sim.advance(SESSION);
    assert_eq!(sim.synced(waiting), Err(GroupError::RebalanceInProgress));
    let alive = sim.heartbeat(caller(generation + 1, "b"));
    assert_ne!(alive, Err(GroupError::UnknownMember));
    sim.advance(SESSION - Duration::from_secs(1));
    let again = sim.join(join("b"));
    assert_eq!(sim.joined(again).error, None);
}

#[test]
fn a_silent_member_is_removed_and_the_others_rebalance() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    sim.advance(SESSION / 2);
    assert_eq!(sim.heartbeat(caller(generation, "a")), Ok(()));
    sim.advance(SESSION / 2);
    assert_eq!(
        sim.heartbeat(caller(generation, "b")),
        Err(GroupError::UnknownMember)
    );
    assert_eq!(
        sim.heartbeat(caller(generation, "a")),
        Err(GroupError::RebalanceInProgress)
    );
    let alone = sim.join(join("a"));
    assert_eq!(sim.joined(alone).members.len(), 1);
}

#[test]
fn members_that_do_not_join_again_in_time_are_left_behind() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    let waiting = sim.join(join("a"));
    for _ in 0..20 {
        // It heartbeats, but does not join.
        if sim
            .heartbeat(caller(generation, "b"))
            .is_err_and(|e| e == GroupError::UnknownMember)
        {
            break;
        }
        sim.advance(Duration::from_secs(5));
    }
    let reply = sim.joined(waiting);
    assert_eq!((reply.generation, reply.members.len()), (generation + 1, 1));
}

#[test]
fn leaving_rebalances_at_once_and_the_last_one_empties_the_group() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    assert_eq!(sim.leave("a", None).unwrap()[0].error, None);
    assert_eq!(
        sim.heartbeat(caller(generation, "b")),
        Err(GroupError::RebalanceInProgress)
    );
    assert_eq!(
        sim.leave("a", None).unwrap()[0].error,
        Some(GroupError::UnknownMember)
    );
    assert_eq!(sim.leave("b", None).unwrap()[0].error, None);
    assert_eq!(sim.group.state(), GroupState::Empty);
    assert!(!sim.group.is_forgotten());
    sim.step(Event::CleanUp);
    assert!(sim.group.is_forgotten());
}

#[test]
fn a_given_id_that_is_never_used_expires() {
    let mut sim = Sim::new();
    let id = sim.admit("a");
    sim.advance(SESSION);
    let late = sim.join(join(&id));
    assert_eq!(sim.joined(late).error, Some(GroupError::UnknownMember));
    sim.step(Event::CleanUp);
    assert!(sim.group.is_forgotten());
}

#[test]
fn a_request_that_is_repeated_replaces_the_one_that_waits() {
    let mut sim = Sim::new();
    sim.stable_pair();
    let first = sim.join(join("a"));
    let second = sim.join(join("a"));
    assert_eq!(
        sim.joined(first).error,
        Some(GroupError::RebalanceInProgress)
    );
    assert_eq!(sim.answer(second), None);
    let b = sim.join(join("b"));
    assert_eq!(sim.joined(second).generation, sim.joined(b).generation);
}

#[test]
fn leaving_a_group_that_never_was_is_an_error_of_each_member() {
    let replies = Sim::new().leave("x", None).unwrap();
    let errors: Vec<_> = replies.iter().map(|reply| reply.error).collect();
    assert_eq!(errors, [Some(GroupError::UnknownMember)]);
}
