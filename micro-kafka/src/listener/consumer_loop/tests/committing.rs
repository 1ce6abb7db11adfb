use std::time::Duration;

use super::script::{Call, Plan};
use crate::client::CommitError;
use crate::listener::AckMode;

#[tokio::test(start_paused = true)]
async fn a_read_turn_is_committed_when_all_of_it_is_finished() {
    let rig = Plan::default().run();
    rig.assign(&[(0, 5), (1, 3)]);
    rig.script.called(&Call::Commit(0, 5)).await;
    rig.script.called(&Call::Commit(1, 3)).await;
    rig.quiet().await;
    let commits = rig.script.calls().len() - 1;
    assert_eq!(commits, 2, "{:?}", rig.script.calls());
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_delays_the_commit_until_the_interval_is_over() {
    let plan = Plan {
        gated: vec![3],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.log.reaches(4).await;
    rig.progress().await;
    assert_eq!(rig.script.calls(), [Call::Assign(vec![0])]);
    rig.clock
        .advance_to(rig.clock.now() + Duration::from_secs(1));
    rig.script.called(&Call::Commit(0, 3)).await;
    rig.gate.add_permits(1);
    rig.script.called(&Call::Commit(0, 5)).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_commit_per_record_the_next_record_waits_for_it() {
    let plan = Plan {
        ack_mode: AckMode::Record,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.script.with(|state| state.hold_commits = true);
    rig.assign(&[(0, 2)]);
    rig.script.called(&Call::Commit(0, 1)).await;
    rig.progress().await;
    assert_eq!(rig.log.offsets(0), [0]);
    rig.script.answer_commits();
    rig.script.called(&Call::Commit(0, 2)).await;
    assert_eq!(rig.log.offsets(0), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn commits_do_not_pile_up() {
    let rig = Plan::default().run();
    rig.script.with(|state| state.hold_commits = true);
    rig.assign(&[(0, 2)]);
    rig.script.called(&Call::Commit(0, 2)).await;
    for turn in 1..4 {
        rig.script.fill(0, turn * 2..turn * 2 + 2);
        rig.log
            .reaches(usize::try_from(turn * 2 + 2).unwrap())
            .await;
    }
    rig.progress().await;
    rig.script.answer_commits();
    rig.script.called(&Call::Commit(0, 8)).await;
    let calls = rig.script.calls();
    let commits = calls.iter().filter(|call| matches!(call, Call::Commit(..)));
    assert_eq!(commits.count(), 2, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_commit_is_sent_again() {
    let rig = Plan::default().run();
    let refusal = CommitError {
        name: "REBALANCE_IN_PROGRESS",
        fenced: false,
        missing: None,
    };
    rig.script
        .with(|state| state.refuse_commits = Some(refusal));
    rig.assign(&[(0, 2)]);
    rig.script.called(&Call::Commit(0, 2)).await;
    rig.script.with(|state| {
        state.refuse_commits = None;
        state.calls.clear();
    });
    rig.script.called(&Call::Commit(0, 2)).await;
    rig.quiet().await;
    assert_eq!(rig.progress().await[0].committed, Some(2));
}

#[tokio::test(start_paused = true)]
async fn the_start_of_a_fresh_group_at_the_end_is_committed_at_once() {
    let rig = Plan::default().run();
    rig.script.with(|state| state.commit_start = true);
    rig.assign(&[(0, 0)]);
    rig.script.called(&Call::Commit(0, 0)).await;
}
