use proptest::prelude::*;

use super::*;
use crate::meta::{BrokerConfig, NewTopic};

fn catalog(partitions: i32, factor: i16) -> Catalog {
    let catalog = Catalog::new(BrokerConfig::default(), vec![1, 2, 3]);
    let topic = NewTopic {
        name: "orders".to_owned(),
        partitions,
        replication_factor: factor,
        ..NewTopic::default()
    };
    catalog.create_topic(&topic, false).unwrap();
    catalog
}

fn partition(catalog: &Catalog, index: i32) -> PartitionInfo {
    let image = catalog.image();
    let topic = image.topic("orders").unwrap();
    topic.partition(index).unwrap().clone()
}

fn seen(catalog: &Catalog) -> (i32, i32, Vec<i32>) {
    let info = partition(catalog, 0);
    (info.leader, info.leader_epoch, info.isr)
}

#[test]
fn brokers_take_turns_to_lead() {
    let catalog = catalog(4, 2);
    let image = catalog.image();
    let placed = image.topic("orders").unwrap().partitions.iter();
    let replicas: Vec<_> = placed.map(|info| info.replicas.clone()).collect();
    assert_eq!(replicas, [[1, 2], [2, 3], [3, 1], [1, 2]]);
    let leaders = (0..4).map(|index| partition(&catalog, index).leader);
    assert_eq!(Vec::from_iter(leaders), [1, 2, 3, 1]);
}

#[test]
fn the_next_replica_in_sync_leads_and_the_last_one_is_waited_for() {
    let catalog = catalog(1, 3);
    assert_eq!(seen(&catalog), (1, 0, vec![1, 2, 3]));
    catalog.set_live(2, false);
    assert_eq!(seen(&catalog), (1, 0, vec![1, 3]));
    catalog.set_live(1, false);
    assert_eq!(seen(&catalog), (3, 1, vec![3]));
    catalog.set_live(3, false);
    assert_eq!(seen(&catalog), (NO_LEADER, 2, vec![3]));
    catalog.set_live(1, true);
    assert_eq!(
        seen(&catalog),
        (NO_LEADER, 2, vec![3]),
        "it was not in sync"
    );
    catalog.set_live(3, true);
    assert_eq!(seen(&catalog), (3, 3, vec![3, 1]), "who waited is back too");
    catalog.set_live(2, true);
    assert_eq!(seen(&catalog), (3, 3, vec![3, 1, 2]));
}

#[test]
fn elections_give_back_what_the_first_replica_led() {
    let catalog = catalog(1, 3);
    let elect = |election| catalog.elect("orders", 0, election);
    assert_eq!(elect(Election::Preferred), Err(NoElection::NotNeeded));
    catalog.set_live(1, false);
    let unavailable = Err(NoElection::PreferredNotAvailable);
    assert_eq!(elect(Election::Preferred), unavailable);
    catalog.set_live(1, true);
    assert_eq!(elect(Election::Preferred), Ok(()));
    assert_eq!(seen(&catalog), (1, 2, vec![2, 3, 1]));
    assert_eq!(elect(Election::Unclean), Err(NoElection::NotNeeded));
    let unknown = Err(NoElection::UnknownPartition);
    assert_eq!(catalog.elect("orders", 1, Election::Preferred), unknown);
    assert_eq!(catalog.elect("others", 0, Election::Preferred), unknown);
}

#[test]
fn an_unclean_election_takes_whoever_runs() {
    let catalog = catalog(1, 2);
    catalog.set_live(2, false);
    catalog.set_live(1, false);
    let elect = |election| catalog.elect("orders", 0, election);
    assert_eq!(elect(Election::Unclean), Err(NoElection::NoneEligible));
    catalog.set_live(2, true);
    assert_eq!(seen(&catalog), (NO_LEADER, 1, vec![1]));
    assert_eq!(elect(Election::Unclean), Ok(()));
    assert_eq!(seen(&catalog), (2, 2, vec![2]));
}

#[test]
fn a_leader_moves_to_the_next_in_sync() {
    let catalog = catalog(1, 3);
    catalog.set_live(2, false);
    assert!(catalog.move_leader("orders", 0));
    assert_eq!(seen(&catalog), (3, 1, vec![1, 3]));
    assert!(catalog.move_leader("orders", 0));
    assert_eq!(seen(&catalog), (1, 2, vec![1, 3]));
    catalog.set_live(3, false);
    assert!(!catalog.move_leader("orders", 0), "there is no other");
}

#[test]
fn topics_made_while_a_broker_is_down_are_led_by_others() {
    let catalog = Catalog::new(BrokerConfig::default(), vec![1, 2, 3]);
    catalog.set_live(2, false);
    let topic = NewTopic {
        name: "orders".to_owned(),
        partitions: 3,
        replication_factor: 3,
        ..NewTopic::default()
    };
    catalog.create_topic(&topic, false).unwrap();
    for (index, (leader, isr)) in (0..).zip([(1, [1, 3]), (3, [3, 1]), (1, [1, 3])]) {
        let info = partition(&catalog, index);
        assert_eq!((info.leader, &info.isr[..]), (leader, &isr[..]), "{index}");
    }
}

proptest! {
    #[test]
    fn whoever_leads_runs_and_is_in_sync(
        factor in 1..=3i16,
        changes in prop::collection::vec((1..=3i32, any::<bool>(), 0..4u8), 0..40),
    ) {
        let catalog = catalog(3, factor);
        for (broker, is_live, what) in changes {
            let before: Vec<_> = (0..3).map(|index| partition(&catalog, index)).collect();
            match what {
                0 => {
                    let _ = catalog.elect("orders", broker - 1, Election::Preferred);
                }
                1 => {
                    let _ = catalog.move_leader("orders", broker - 1);
                }
                _ => catalog.set_live(broker, is_live),
            }
            let image = catalog.image();
            for (index, before) in (0..).zip(before) {
                let now = partition(&catalog, index);
                prop_assert!(!now.isr.is_empty());
                prop_assert!(now.isr.iter().all(|id| now.replicas.contains(id)));
                let moved = i32::from(now.leader != before.leader);
                prop_assert_eq!(now.leader_epoch, before.leader_epoch + moved);
                match now.leader {
                    NO_LEADER => prop_assert!(now.isr.iter().all(|id| !image.is_live(*id))),
                    leader => {
                        prop_assert!(now.isr.contains(&leader));
                        prop_assert!(now.isr.iter().all(|id| image.is_live(*id)));
                        let running = now.replicas.iter().filter(|id| image.is_live(**id));
                        prop_assert_eq!(running.count(), now.isr.len());
                    }
                }
            }
        }
    }
}
