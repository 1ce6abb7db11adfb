//! Coordinators that end, and others that take their place.

use std::sync::Arc;

use super::harness::*;
use crate::clock::{Clock, ManualTime};
use crate::coord::Unavailable;
use crate::coord::ground::Ground;
use crate::coord::group::{
    CommitPartition, Event, GroupCoordinator, GroupError, Join, OFFSETS_TOPIC, Reply, Sync,
};
use crate::coord::transaction::TransactionLimits;
use crate::meta::TopicRef;

fn ground(config: &[(&str, &str)]) -> (Ground, Arc<ManualTime>) {
    let time = Arc::new(ManualTime::new());
    let source = Arc::<ManualTime>::clone(&time);
    (Ground::new(Clock::from_source(source), config), time)
}

fn start(ground: &Ground) -> Arc<GroupCoordinator> {
    let limits = TransactionLimits::from_config(ground.catalog.config());
    ground.start(limits).groups
}

/// A static member of the group `g` in generation 1, with an assignment.
async fn settle(groups: &GroupCoordinator) {
    let join = Join {
        instance_id: Some("i".to_owned()),
        fresh_id: "a".to_owned(),
        ..join("")
    };
    let joined = groups.call("g", |t| Event::Join(t, join)).await;
    assert!(matches!(joined, Ok(Reply::Join(reply)) if reply.generation == 1));
    let sync = Sync {
        caller: caller(1, "a"),
        assignments: vec![("a".to_owned(), "0,1".into())],
        ..Sync::default()
    };
    let synced = groups.call("g", |t| Event::Sync(t, sync)).await;
    assert!(matches!(synced, Ok(Reply::Sync(Ok(_)))));
}

async fn commit(groups: &GroupCoordinator, commit: CommitPartition) -> Option<GroupError> {
    let by = caller(-1, "");
    match groups
        .call("h", |t| Event::Commit(t, by, vec![commit]))
        .await
    {
        Ok(Reply::Commit(Ok(outcomes))) => outcomes[0].err(),
        other => panic!("no commit: {other:?}"),
    }
}

#[tokio::test]
async fn groups_and_offsets_outlive_their_coordinator() {
    let (ground, time) = ground(&[]);
    let first = start(&ground);
    settle(&first).await;
    assert_eq!(commit(&first, commit_of("t", 7)).await, None);
    let (listed, described) = (first.list(), first.describe("g").unwrap());
    let offsets = first.all_offsets("h");
    drop(first);

    let second = start(&ground);
    assert_eq!(second.list(), listed);
    assert_eq!(second.describe("g"), Some(described));
    assert_eq!(second.all_offsets("h"), offsets);
    let alive = || second.call("g", |t| Event::Heartbeat(t, caller(1, "a")));
    assert_eq!(alive().await, Ok(Reply::Heartbeat(Ok(()))));
    // Sessions have begun anew, and end.
    time.advance(SESSION);
    while second.describe("g").unwrap().state.name() != "Empty" {
        tokio::task::yield_now().await;
    }
    let gone = Reply::Heartbeat(Err(GroupError::UnknownMember));
    assert_eq!(alive().await, Ok(gone));
    drop(second);
    assert_eq!(start(&ground).describe("g").unwrap().state.name(), "Empty");
}

#[tokio::test]
async fn nobody_is_answered_before_the_groups_are_known() {
    let (ground, _time) = ground(&[]);
    assert_eq!(commit(&start(&ground), commit_of("t", 7)).await, None);
    let groups = start(&ground);
    assert!(groups.begin_loading());
    let refused = groups
        .call("h", |t| Event::Heartbeat(t, caller(1, "a")))
        .await;
    assert_eq!(refused, Err(Unavailable::Loading));
    assert_eq!(groups.check_loaded(None), Err(Unavailable::Loading));
    groups.load();
    assert_eq!(groups.check_loaded(None), Ok(()));
    assert_eq!(groups.all_offsets("h").len(), 1);
}

#[tokio::test]
async fn what_cannot_be_written_down_did_not_happen() {
    let (ground, _time) = ground(&[("message.max.bytes", "300")]);
    let groups = start(&ground);
    assert_eq!(commit(&groups, commit_of("t", 7)).await, None);
    let before = groups.all_offsets("h");
    let mut large = commit_of("t", 8);
    large.committed.metadata = "x".repeat(1000);
    let by = caller(-1, "");
    let refused = groups
        .call("h", |t| Event::Commit(t, by, vec![large]))
        .await;
    assert_eq!(refused, Err(Unavailable::NotWritten));
    assert_eq!(groups.all_offsets("h"), before);
    assert_eq!(commit(&groups, commit_of("t", 9)).await, None);
}

#[tokio::test]
async fn groups_go_with_their_topic() {
    let (ground, _time) = ground(&[]);
    let groups = start(&ground);
    ground
        .catalog
        .observe(Arc::<GroupCoordinator>::clone(&groups));
    assert_eq!(commit(&groups, commit_of("t", 7)).await, None);
    let topic = TopicRef::Name(OFFSETS_TOPIC);
    ground.catalog.delete_topic(topic).unwrap();
    assert!(groups.list().is_empty());
    assert_eq!(commit(&groups, commit_of("t", 8)).await, None);
    assert_eq!(start(&ground).all_offsets("h").len(), 1);
}

#[tokio::test]
async fn old_offsets_are_forgotten_without_being_asked() {
    let (ground, time) = ground(&[
        ("offsets.retention.minutes", "1"),
        ("offsets.retention.check.interval.ms", "1000"),
    ]);
    let groups = start(&ground);
    assert_eq!(commit(&groups, commit_of("t", 7)).await, None);
    time.advance(std::time::Duration::from_secs(61));
    while !groups.list().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(start(&ground).list().is_empty());
}
