use std::sync::Arc;
use std::time::Duration;

use super::harness::*;
use crate::clock::{Clock, ManualTime};
use crate::coord::ground::Ground;
use crate::coord::group::{
    Event, GroupCoordinator, GroupError, Join, OffsetView, PartitionKey, Reply,
};
use crate::meta::StateTopic;

fn coordinator() -> Arc<GroupCoordinator> {
    with_clock(Clock::system())
}

fn with_clock(clock: Clock) -> Arc<GroupCoordinator> {
    let journal = Ground::new(clock.clone(), &[]).journal(StateTopic::Offsets);
    Arc::new(GroupCoordinator::new(clock, limits(), journal))
}

fn newcomer(id: &str) -> Join {
    Join {
        fresh_id: id.to_owned(),
        require_known_id: false,
        ..join("")
    }
}

#[tokio::test(start_paused = true)]
async fn timers_remove_a_silent_member_and_answer_who_waits() {
    let groups = coordinator();
    let joined = groups.call("g", |t| Event::Join(t, newcomer("a"))).await;
    assert!(matches!(joined, Ok(Reply::Join(reply)) if reply.error.is_none()));
    let other = Arc::clone(&groups);
    let waiting =
        tokio::spawn(async move { other.call("g", |t| Event::Join(t, newcomer("b"))).await });
    // `a` never comes back: its session runs out, on the paused clock.
    let Ok(Reply::Join(reply)) = waiting.await.unwrap() else {
        panic!("no answer")
    };
    assert_eq!((reply.generation, reply.members.len()), (2, 1));
}

#[tokio::test]
async fn groups_that_never_were_leave_nothing_behind() {
    let groups = coordinator();
    let refused = groups
        .call("g", |t| Event::Heartbeat(t, caller(1, "a")))
        .await;
    assert_eq!(
        refused,
        Ok(Reply::Heartbeat(Err(GroupError::UnknownMember)))
    );
    assert!(groups.list().is_empty());
    assert!(groups.describe("g").is_none());
    let key = PartitionKey {
        topic: "t".into(),
        partition: 0,
    };
    assert_eq!(groups.offsets("g", &[key]), [OffsetView::default()]);
}

#[tokio::test]
async fn committed_offsets_are_read_back() {
    let groups = coordinator();
    groups
        .call("g", |t| {
            Event::Commit(t, caller(-1, ""), vec![commit_of("t", 5)])
        })
        .await
        .unwrap();
    let all = groups.all_offsets("g");
    assert_eq!(
        all.values()
            .next()
            .unwrap()
            .committed
            .as_ref()
            .unwrap()
            .offset,
        5
    );
    assert_eq!(groups.list(), [("g".to_owned(), "Empty", String::new())]);
}

#[tokio::test(start_paused = true)]
async fn a_group_without_members_and_offsets_is_forgotten_in_time() {
    let groups = coordinator();
    groups
        .call("g", |t| Event::Join(t, newcomer("a")))
        .await
        .unwrap();
    tokio::time::sleep(SESSION + Duration::from_millis(10)).await;
    assert_eq!(groups.list().len(), 1);
    tokio::time::sleep(Duration::from_secs(601)).await;
    assert!(groups.list().is_empty());
}

#[tokio::test]
async fn sessions_end_by_the_clock_that_was_given() {
    let time = Arc::new(ManualTime::new());
    let source = Arc::<ManualTime>::clone(&time);
    let groups = with_clock(Clock::from_source(source));
    groups
        .call("g", |t| Event::Join(t, newcomer("a")))
        .await
        .unwrap();
    time.advance(SESSION);
    while groups.list()[0].1 != "Empty" {
        tokio::task::yield_now().await;
    }
}
