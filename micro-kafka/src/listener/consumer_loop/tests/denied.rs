//! Rights that are missing, and then are there.

use std::time::Duration;

use super::script::{Call, Plan, Rig};
use crate::client::{CommitError, SourceEvent};
use crate::listener::health::HealthReason;

fn reasons(rig: &Rig) -> Vec<HealthReason> {
    let mut reasons = Vec::new();
    rig.status.collect(&mut reasons, Duration::MAX);
    reasons
}

async fn until_well(rig: &Rig) {
    while !reasons(rig).is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_may_not_be_read_is_told_until_its_end_is_known() {
    let rig = Plan::default().run();
    rig.assign(&[(0, 0), (1, 0)]);
    rig.progress().await;
    for _ in 0..2 {
        rig.script.event(SourceEvent::Error {
            name: "TOPIC_AUTHORIZATION_FAILED",
            text: "bob needs READ".to_owned(),
            denied: Some(("t".to_owned(), 1)),
        });
        rig.progress().await;
    }
    let told = reasons(&rig);
    assert!(
        matches!(&told[..], [HealthReason::ReadDenied { topic, reason, .. }]
            if topic == "t-1" && reason == "bob needs READ"),
        "{told:?}"
    );
    // A tick alone changes nothing.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(reasons(&rig), told);
    rig.script.with(|state| state.known_end = Some(0));
    until_well(&rig).await;
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_denied_is_told_and_sent_again() {
    let rig = Plan::default().run();
    let refusal = CommitError {
        name: "GROUP_AUTHORIZATION_FAILED",
        fenced: false,
        missing: Some("bob needs READ".to_owned()),
    };
    rig.script
        .with(|state| state.refuse_commits = Some(refusal));
    rig.assign(&[(0, 2)]);
    rig.script.called(&Call::Commit(0, 2)).await;
    rig.progress().await;
    let told = reasons(&rig);
    assert!(
        matches!(&told[..], [HealthReason::CommitDenied { reason, .. }]
            if reason == "GROUP_AUTHORIZATION_FAILED: bob needs READ"),
        "{told:?}"
    );
    rig.script.with(|state| {
        state.refuse_commits = None;
        state.calls.clear();
    });
    rig.script.called(&Call::Commit(0, 2)).await;
    until_well(&rig).await;
}
