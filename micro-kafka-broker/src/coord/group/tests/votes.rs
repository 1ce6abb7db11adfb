use super::harness::*;
use crate::coord::group::Join;

/// The assignor of a group whose members prefer these.
fn chosen(preferences: &[&[&str]]) -> String {
    let mut sim = Sim::new();
    let member = |nth: usize, id: &str| Join {
        protocols: protocols(preferences[nth]),
        fresh_id: nth.to_string(),
        require_known_id: false,
        ..join(id)
    };
    let mut last = sim.join(member(0, ""));
    for newest in 1..preferences.len() {
        last = sim.join(member(newest, ""));
        for earlier in 0..newest {
            sim.join(member(earlier, &earlier.to_string()));
        }
    }
    sim.joined(last).protocol_name.unwrap()
}

#[test]
fn most_members_choose_the_assignor() {
    let (range, sticky) = (&["range", "sticky"][..], &["sticky", "range"][..]);
    assert_eq!(chosen(&[range, sticky, range]), "range");
    assert_eq!(chosen(&[sticky, range, sticky]), "sticky");
    assert_eq!(chosen(&[range, &["sticky"]]), "sticky", "by both");
}

/// The order of a Java hash map, which Apache Kafka counts the votes in.
#[test]
fn of_two_with_as_many_votes_it_is_as_kafka_has_it() {
    for (winner, loser) in [
        ("rr", "range"),
        ("sticky", "range"),
        ("range", "roundrobin"),
        ("roundrobin", "cooperative-sticky"),
        ("range", "cooperative-sticky"),
    ] {
        let (one, other) = (&[winner, loser][..], &[loser, winner][..]);
        assert_eq!(chosen(&[one, other]), winner, "{winner} or {loser}");
        assert_eq!(chosen(&[other, one]), winner, "{winner} or {loser}");
    }
}
