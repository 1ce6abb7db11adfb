use std::time::Duration;

use super::script::{Call, Plan};
use crate::client::SourceEvent;
use crate::listener::consumer_loop::Exit;

#[tokio::test(start_paused = true)]
async fn a_revoked_partition_is_drained_and_committed_before_it_is_given_up() {
    let plan = Plan {
        gated: vec![1],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5), (1, 1)]);
    rig.log.reaches(3).await;
    rig.revoke(0, false);
    rig.progress().await;
    assert!(!rig.script.calls().contains(&Call::Unassign(vec![0])));
    rig.gate.add_permits(1);
    rig.script.called(&Call::Unassign(vec![0])).await;
    let calls = rig.script.calls();
    let commit = calls.iter().position(|call| *call == Call::Commit(0, 2));
    let unassign = calls
        .iter()
        .position(|call| *call == Call::Unassign(vec![0]));
    assert!(commit.is_some() && commit < unassign, "{calls:?}");
    assert_eq!(
        rig.log.offsets(0),
        [0, 1],
        "nothing is begun after a revocation"
    );
    assert_eq!(rig.progress().await.len(), 1);
}

/// librdkafka lets them go on, and tells no broker's thread.
#[tokio::test(start_paused = true)]
async fn brokers_are_woken_after_a_rebalance_for_the_partitions_that_stay() {
    let rig = Plan::default().run();
    let second = || tokio::time::sleep(Duration::from_millis(1_100));
    let wakes = || rig.script.with(|state| std::mem::take(&mut state.wakes));
    rig.assign(&[(0, 1), (1, 1)]);
    rig.log.reaches(2).await;
    second().await;
    assert_eq!(wakes(), 0, "nothing stood still");
    rig.revoke(0, false);
    second().await;
    let woken = wakes();
    assert!((5..20).contains(&woken), "{woken}");
    rig.revoke(1, false);
    second().await;
    assert_eq!(wakes(), 0, "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_end_is_dropped_at_the_deadline() {
    let plan = Plan {
        gated: vec![1],
        revoke_drain: Duration::from_secs(3),
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.log.reaches(2).await;
    let started = tokio::time::Instant::now();
    rig.revoke(0, false);
    rig.script.called(&Call::Unassign(vec![0])).await;
    assert!(started.elapsed() >= Duration::from_secs(3));
    assert!(rig.script.calls().contains(&Call::Commit(0, 1)));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_does_not_wait_where_nothing_is_in_flight() {
    let plan = Plan {
        failing: vec![1],
        attempts: 2,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.quiet().await;
    let started = tokio::time::Instant::now();
    rig.revoke(0, false);
    rig.script.called(&Call::Unassign(vec![0])).await;
    assert!(started.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn lost_partitions_are_neither_drained_nor_committed() {
    let plan = Plan {
        gated: vec![1],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.log.reaches(2).await;
    rig.revoke(0, true);
    rig.script.called(&Call::Unassign(vec![0])).await;
    let calls = rig.script.calls();
    assert!(!calls.contains(&Call::Commit(0, 1)), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn results_of_an_older_assignment_are_void() {
    let plan = Plan {
        gated: vec![0],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 1)]);
    rig.log.reaches(1).await;
    // Both in one turn: the old handler cannot have ended before.
    rig.revoke(0, true);
    rig.script.event(SourceEvent::Assign(vec![0]));
    rig.script.called(&Call::Unassign(vec![0])).await;
    rig.gate.add_permits(1);
    rig.progress().await;
    assert!(!rig.script.calls().contains(&Call::Commit(0, 1)));
    rig.script.fill(0, 0..1);
    rig.script.called(&Call::Commit(0, 1)).await;
    assert_eq!(rig.log.offsets(0), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_partition_with_a_busy_lane_is_not_read() {
    let plan = Plan {
        gated: vec![0],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 1)]);
    rig.log.reaches(1).await;
    let reads = rig.script.with(|state| state.reads);
    rig.script.fill(0, 1..400);
    rig.progress().await;
    rig.progress().await;
    assert_eq!(rig.script.with(|state| state.reads), reads);
    rig.gate.add_permits(1);
    rig.log.reaches(400).await;
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_ends_the_loop() {
    let rig = Plan::default().run();
    rig.script.event(SourceEvent::Fatal("fenced".to_owned()));
    assert!(matches!(rig.exit().await, Exit::Fatal(reason) if reason == "fenced"));
}
