use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::*;

fn produce(topic: &str, partitions: &[i32]) -> RequestView {
    RequestView {
        api: ApiKey::Produce,
        version: 9,
        broker: 0,
        connection: 1,
        correlation_id: 1,
        client_id: Some("svc-1".to_owned()),
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
        topics: vec![TopicView::new(topic, partitions.to_vec())],
        groups: Vec::new(),
        transactional_ids: Vec::new(),
    }
}

/// Which of `count` equal requests meet something.
fn met(faults: &Faults, count: usize) -> Vec<usize> {
    let request = produce("orders", &[0, 3]);
    let nths = 1..=count;
    nths.filter(|_| faults.meet(&request).is_some()).collect()
}

#[test]
fn a_rule_meets_what_it_asks_for() {
    let request = produce("orders", &[0, 3]);
    let meets = |build: &dyn Fn(FaultBuilder) -> FaultBuilder| {
        let faults = Faults::default();
        build(faults.on(ApiKey::Produce)).disconnect();
        faults.meet(&request).is_some()
    };
    assert!(meets(&|rule| rule));
    assert!(meets(&|rule| rule
        .topic("or*")
        .partition(3)
        .client("svc-*")
        .broker(0)));
    assert!(meets(&|rule| rule.partition(0)));
    assert!(!meets(&|rule| rule.topic("orders2")));
    assert!(!meets(&|rule| rule.partition(1)));
    assert!(!meets(&|rule| rule.client("other")));
    assert!(!meets(&|rule| rule.broker(1)));
    assert!(!meets(&|rule| rule.group("g")));
    assert!(!meets(&|rule| rule.transactional_id("*")));
}

#[test]
fn a_partition_is_not_met_where_a_topic_is_named_as_a_whole() {
    let faults = Faults::default();
    faults.on_any().partition(0).disconnect();
    assert!(faults.meet(&produce("orders", &[])).is_none());
}

#[test]
fn schedules_pick_from_what_matches() {
    let picked = |build: &dyn Fn(FaultBuilder) -> FaultBuilder| {
        let faults = Faults::default();
        build(faults.on(ApiKey::Produce)).disconnect();
        met(&faults, 9)
    };
    assert_eq!(picked(&|rule| rule.nth(2)), [2]);
    assert_eq!(picked(&|rule| rule.nth(3).times(2)), [3, 4]);
    assert_eq!(picked(&|rule| rule.times(2).nth(3)), [3, 4]);
    assert_eq!(picked(&|rule| rule.every(4)), [4, 8]);
    assert_eq!(picked(&|rule| rule.once()), [1]);
    assert!(picked(&|rule| rule.with_probability(0.0)).is_empty());
    let some = picked(&|rule| rule.with_probability(0.5).seed(3));
    assert!(!some.is_empty() && some.len() < 9, "{some:?}");
    assert_eq!(picked(&|rule| rule.with_probability(0.5).seed(3)), some);
}

#[test]
fn the_oldest_rule_that_is_due_acts_alone() {
    let faults = Faults::default();
    let first = faults.on(ApiKey::Produce).once().disconnect();
    let second = faults.on_any().silence();
    assert_eq!(met(&faults, 3), [1, 2, 3]);
    assert_eq!((first.hits(), second.hits()), (1, 2));
    first.remove();
    second.remove();
    assert!(faults.is_empty());
    assert!(met(&faults, 1).is_empty());
}

#[test]
fn delays_stay_within_their_range_and_repeat() {
    let delays = || {
        let faults = Faults::default();
        let (from, to) = (Duration::from_millis(5), Duration::from_millis(50));
        faults.on_any().seed(9).delay(from..=to);
        let delay = |_| faults.meet(&produce("t", &[0])).unwrap().delay.unwrap();
        let delays: Vec<_> = (0..100).map(delay).collect();
        assert!(delays.iter().all(|delay| (from..=to).contains(delay)));
        delays
    };
    assert_eq!(delays(), delays());
}

#[test]
fn a_hook_decides_by_what_it_sees() {
    let faults = Faults::default();
    faults
        .on_any()
        .hook(|request| match request.concerns("orders") {
            true => Action::Disconnect,
            false => Action::Proceed,
        });
    let action = |topic| faults.meet(&produce(topic, &[])).unwrap().action;
    assert_eq!(action("orders"), Action::Disconnect);
    assert_eq!(action("other"), Action::Proceed);
}

#[tokio::test(start_paused = true)]
async fn hits_are_waited_for_and_their_absence_is_told() {
    let faults = Faults::default();
    let rule = faults.on(ApiKey::Produce).topic("orders").count();
    let waiting = {
        let rule = rule.clone();
        tokio::spawn(async move { rule.wait_for_hits(2, Duration::from_secs(9)).await })
    };
    tokio::task::yield_now().await;
    met(&faults, 2);
    waiting.await.unwrap().unwrap();
    let missing = rule
        .wait_for_hits(3, Duration::from_secs(9))
        .await
        .unwrap_err();
    assert_eq!(
        missing.to_string(),
        "`Produce topic=orders proceed` met 2 requests within 9s; 3 were expected"
    );
}
