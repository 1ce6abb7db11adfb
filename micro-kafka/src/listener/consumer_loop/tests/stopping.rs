use std::time::Duration;

use super::script::{Call, Plan};
use crate::client::CommitError;
use crate::listener::StopReport;
use crate::listener::command::Command;
use crate::listener::consumer_loop::Exit;

fn report(exit: &Exit) -> StopReport {
    match exit {
        Exit::Stopped(report) => *report,
        Exit::Fatal(reason) => panic!("fatal: {reason}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_drains_and_commits_before_it_closes() {
    let plan = Plan {
        gated: vec![1],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.log.reaches(2).await;
    rig.command(Command::Stop);
    rig.progress().await;
    rig.gate.add_permits(1);
    rig.script.called(&Call::Close).await;
    let calls = rig.script.calls();
    assert_eq!(calls[calls.len() - 2..], [Call::Commit(0, 2), Call::Close]);
    assert_eq!(rig.log.offsets(0), [0, 1]);
    let expected = StopReport {
        drained: 1,
        abandoned: 0,
    };
    assert_eq!(report(&rig.exit().await), expected);
}

#[tokio::test(start_paused = true)]
async fn a_stop_gives_up_handlers_at_its_deadline() {
    let plan = Plan {
        gated: vec![1],
        shutdown_timeout: Duration::from_secs(4),
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.log.reaches(2).await;
    let started = tokio::time::Instant::now();
    rig.command(Command::Stop);
    let exit = rig.exit().await;
    assert!(started.elapsed() >= Duration::from_secs(4));
    let expected = StopReport {
        drained: 0,
        abandoned: 1,
    };
    assert_eq!(report(&exit), expected);
}

#[tokio::test(start_paused = true)]
async fn a_second_stop_cuts_the_drain() {
    let plan = Plan {
        gated: vec![1],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.log.reaches(2).await;
    let started = tokio::time::Instant::now();
    rig.command(Command::Stop);
    rig.command(Command::Abandon);
    assert_eq!(report(&rig.exit().await).abandoned, 1);
    assert!(started.elapsed() < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_waits_for_its_retry_does_not_delay_a_stop() {
    let plan = Plan {
        failing: vec![1],
        attempts: 2,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.quiet().await;
    let started = tokio::time::Instant::now();
    rig.command(Command::Stop);
    assert_eq!(report(&rig.exit().await).abandoned, 1);
    assert!(started.elapsed() < Duration::from_millis(100));
}

fn refused() -> CommitError {
    CommitError {
        name: "REBALANCE_IN_PROGRESS",
        fenced: false,
        missing: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_last_commit_that_is_refused_is_sent_again_until_the_deadline() {
    let plan = Plan {
        shutdown_timeout: Duration::from_secs(4),
        ..Plan::default()
    };
    let rig = plan.run();
    rig.script
        .with(|state| state.refuse_commits = Some(refused()));
    rig.assign(&[(0, 3)]);
    rig.log.reaches(3).await;
    rig.command(Command::Stop);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!rig.script.calls().contains(&Call::Close));
    rig.script.with(|state| state.refuse_commits = None);
    rig.script.called(&Call::Close).await;
    let calls = rig.script.calls();
    assert_eq!(calls[calls.len() - 2..], [Call::Commit(0, 3), Call::Close]);
}

/// Behind the request to join again, which waits for a dead member: refused when that one is answered,
/// since the group is a generation further then.
#[tokio::test(start_paused = true)]
async fn a_last_commit_that_is_answered_late_is_waited_for_and_sent_again() {
    let plan = Plan {
        shutdown_timeout: Duration::from_secs(20),
        ..Plan::default()
    };
    let rig = plan.run();
    rig.script.with(|state| state.hold_commits = true);
    rig.assign(&[(0, 3)]);
    rig.log.reaches(3).await;
    rig.command(Command::Stop);
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(!rig.script.calls().contains(&Call::Close));
    rig.script.with(|state| state.hold_commits = false);
    let moved_on = CommitError {
        name: "ILLEGAL_GENERATION",
        fenced: false,
        missing: None,
    };
    rig.script.answer_commits_with(&Err(moved_on));
    rig.script.called(&Call::Close).await;
    let calls = rig.script.calls();
    let commits = calls.iter().filter(|call| **call == Call::Commit(0, 3));
    assert!(commits.count() >= 2, "{calls:?}");
    assert_eq!(calls[calls.len() - 2..], [Call::Commit(0, 3), Call::Close]);
}

#[tokio::test(start_paused = true)]
async fn a_last_commit_that_is_always_refused_ends_with_the_deadline() {
    let plan = Plan {
        shutdown_timeout: Duration::from_secs(4),
        ..Plan::default()
    };
    let rig = plan.run();
    rig.script
        .with(|state| state.refuse_commits = Some(refused()));
    rig.assign(&[(0, 3)]);
    rig.log.reaches(3).await;
    let started = tokio::time::Instant::now();
    rig.command(Command::Stop);
    rig.exit().await;
    let took = started.elapsed();
    let deadline = Duration::from_secs(4);
    assert!(took >= deadline && took < deadline * 2, "{took:?}");
}
