use super::harness::*;
use crate::coord::group::{GroupError, GroupLimits, GroupState, Join};

/// A member that joins in one step, as old clients do.
fn at_once(fresh_id: &str) -> Join {
    Join {
        fresh_id: fresh_id.to_owned(),
        require_known_id: false,
        ..join("")
    }
}

#[test]
fn one_that_leaves_before_it_has_joined_makes_a_stable_group_rebalance() {
    let mut sim = Sim::new();
    let generation = sim.stable_pair();
    let waiting = sim.admit("c");
    assert_eq!(sim.group.state(), GroupState::Stable);
    assert_eq!(sim.leave(&waiting, None).unwrap()[0].error, None);
    assert_eq!(sim.group.state(), GroupState::PreparingRebalance);
    assert_eq!(
        sim.heartbeat(caller(generation, "a")),
        Err(GroupError::RebalanceInProgress)
    );
    assert_eq!(
        sim.leave(&waiting, None).unwrap()[0].error,
        Some(GroupError::UnknownMember)
    );
}

#[test]
fn the_last_that_is_expected_ends_the_rebalance_by_leaving() {
    let mut sim = Sim::new();
    sim.stable_pair();
    let waiting = sim.admit("c");
    let (a, b) = (sim.join(join("a")), sim.join(join("b")));
    assert_eq!((sim.answer(a), sim.answer(b)), (None, None));
    sim.leave(&waiting, None).unwrap();
    assert_eq!(sim.joined(a).generation, sim.joined(b).generation);
}

#[test]
fn a_group_that_all_have_left_stays_what_it_is_for_while_one_is_expected() {
    let mut sim = Sim::new();
    sim.join(at_once("a"));
    let waiting = sim.admit("c");
    sim.join(at_once("b"));
    for member in ["a", "b"] {
        sim.leave(member, None).unwrap();
    }
    assert_eq!(sim.group.state(), GroupState::PreparingRebalance);
    let worker = Join {
        protocol_type: "connect".to_owned(),
        ..at_once("w")
    };
    let refused = sim.join(worker.clone());
    assert_eq!(
        sim.joined(refused).error,
        Some(GroupError::InconsistentProtocol)
    );
    sim.leave(&waiting, None).unwrap();
    assert_eq!(sim.group.state(), GroupState::Empty);
    let joined = sim.join(worker);
    assert_eq!(sim.joined(joined).error, None);
}

#[test]
fn a_new_group_waits_no_longer_once_nobody_is_expected() {
    let mut sim = Sim::with(GroupLimits {
        initial_rebalance_delay: SESSION * 2,
        ..limits()
    });
    sim.admit("never");
    let joined = sim.join(at_once("a"));
    sim.advance(SESSION - std::time::Duration::from_millis(1));
    assert_eq!(sim.answer(joined), None);
    sim.advance(std::time::Duration::from_millis(1));
    assert_eq!(sim.joined(joined).generation, 1);
}
