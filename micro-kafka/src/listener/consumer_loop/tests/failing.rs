use std::time::Duration;

use super::script::{Call, Plan};
use crate::error::Action;
use crate::listener::command::Command;
use crate::listener::consumer_loop::Exit;
use crate::listener::tests::support::Seen;
use crate::listener::{HealthReason, StopReport};

#[tokio::test(start_paused = true)]
async fn a_failed_record_is_retried_after_its_delay_and_keeps_its_place() {
    let plan = Plan {
        failing: vec![1],
        attempts: 3,
        delay: Duration::from_secs(60),
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 3), (1, 1)]);
    // The other partition goes on meanwhile.
    rig.script.called(&Call::Commit(1, 1)).await;
    rig.advance(Duration::from_secs(60)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 1]);
    rig.advance(Duration::from_secs(60)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 1, 1, 2]);
    let attempts = rig.log.all().into_iter().filter(|seen| seen.offset == 1);
    let attempts = attempts.map(|seen: Seen| seen.attempt).collect::<Vec<_>>();
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(*rig.kept.offsets.lock(), [1]);
    rig.script.called(&Call::Commit(0, 3)).await;
}

#[tokio::test(start_paused = true)]
async fn what_precedes_a_waiting_record_is_committed() {
    let plan = Plan {
        failing: vec![2],
        attempts: 2,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.script.called(&Call::Commit(0, 2)).await;
    let progress = rig.quiet().await;
    let due = rig.clock.now() + Duration::from_secs(60);
    assert_eq!(progress[0].waits_until, Some(due));
    assert_eq!(progress[0].unfinished, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failing_recovery_is_tried_again_and_shown() {
    let plan = Plan {
        failing: vec![0],
        recover_failures: 2,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 2)]);
    rig.advance(Duration::from_secs(1)).await;
    let mut reasons = Vec::new();
    rig.status.collect(&mut reasons, Duration::MAX);
    assert!(
        matches!(
            &reasons[..],
            [HealthReason::RecoverFailing { tries: 2, .. }]
        ),
        "{reasons:?}"
    );
    assert!(!rig.script.calls().contains(&Call::Commit(0, 1)));
    rig.advance(Duration::from_secs(2)).await;
    assert_eq!(*rig.kept.offsets.lock(), [0]);
    rig.script.called(&Call::Commit(0, 2)).await;
    reasons.clear();
    rig.status.collect(&mut reasons, Duration::MAX);
    assert_eq!(reasons, []);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_asks_for_a_stop_stays_uncommitted() {
    let plan = Plan {
        failing: vec![2],
        last: Action::Stop,
        ..Plan::default()
    };
    let mut rig = plan.run();
    rig.assign(&[(0, 5)]);
    rig.script.called(&Call::Close).await;
    assert!(matches!(
        rig.stop_request(),
        Some(HealthReason::StoppedByRecord { record, .. }) if record.offset == 2
    ));
    let calls = rig.script.calls();
    assert!(calls.contains(&Call::Commit(0, 2)), "{calls:?}");
    let exit = rig.exit().await;
    let expected = StopReport {
        drained: 0,
        abandoned: 1,
    };
    assert!(
        matches!(exit, Exit::Stopped(report) if report == expected),
        "{exit:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_skipped_record_counts_as_done() {
    let plan = Plan {
        failing: vec![0],
        last: Action::Skip,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 1)]);
    rig.script.called(&Call::Commit(0, 1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_lost_in_a_panic_is_read_again() {
    let plan = Plan {
        panicking: vec![1],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 3)]);
    rig.log.reaches(2).await;
    rig.advance_by(Duration::from_secs(1)).await;
    rig.script.called(&Call::Seek(0, 1)).await;
    rig.script.fill(0, 1..2);
    rig.log.reaches(3).await;
    rig.command(Command::Stop);
    assert!(matches!(rig.exit().await, Exit::Stopped(_)));
}
