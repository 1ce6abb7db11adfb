//! Records that wait for another attempt when their partition is given up.

use std::time::Duration;

use super::script::{Call, Plan, Rig};
use crate::client::SourceEvent;
use crate::listener::command::Command;
use crate::listener::consumer_loop::Exit;
use crate::listener::{Order, StopReport};

/// Record 0 fails once and waits for so long; what comes behind it is handled meanwhile.
async fn one_waits(order: Order, delay: Duration) -> Rig {
    let plan = Plan {
        order,
        parallelism: Some(100),
        failing_once: vec![0],
        attempts: 2,
        delay,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.script.event(SourceEvent::Assign(vec![0]));
    let keys = ["a", "b", "c"].map(Some);
    rig.script.fill_with(0, (0..).zip(keys));
    rig.quiet().await;
    rig
}

fn report(exit: &Exit) -> StopReport {
    match exit {
        Exit::Stopped(report) => *report,
        Exit::Fatal(reason) => panic!("fatal: {reason}"),
    }
}

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_an_attempt_that_holds_back_what_was_handled() {
    let rig = one_waits(Order::Key, SHORT).await;
    rig.command(Command::Stop);
    rig.progress().await;
    assert!(!rig.script.calls().contains(&Call::Close));
    rig.advance_by(SHORT).await;
    rig.script.called(&Call::Close).await;
    let calls = rig.script.calls();
    assert_eq!(calls[calls.len() - 2..], [Call::Commit(0, 3), Call::Close]);
    assert_eq!(rig.log.offsets(0), [0, 1, 2, 0]);
    let expected = StopReport {
        drained: 1,
        abandoned: 0,
    };
    assert_eq!(report(&rig.exit().await), expected);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_waits_for_an_attempt_that_holds_back_what_was_handled() {
    let rig = one_waits(Order::Key, SHORT).await;
    rig.revoke(0, false);
    rig.progress().await;
    assert!(!rig.script.calls().contains(&Call::Unassign(vec![0])));
    rig.advance_by(SHORT).await;
    rig.script.called(&Call::Unassign(vec![0])).await;
    assert!(rig.script.calls().contains(&Call::Commit(0, 3)));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_never_comes_holds_nobody_up_for_long() {
    for stops in [true, false] {
        let rig = one_waits(Order::Key, SHORT).await;
        let started = tokio::time::Instant::now();
        let last = match stops {
            true => {
                rig.command(Command::Stop);
                Call::Close
            }
            false => {
                rig.revoke(0, false);
                Call::Unassign(vec![0])
            }
        };
        // The framework's clock stands still.
        rig.script.called(&last).await;
        assert!(started.elapsed() >= Duration::from_secs(1));
        assert!(started.elapsed() < Duration::from_millis(1_100));
        assert!(!rig.script.calls().contains(&Call::Commit(0, 3)));
        rig.clock.advance_to(rig.clock.now() + SHORT);
        if !stops {
            rig.progress().await;
        }
        assert_eq!(rig.log.offsets(0), [0, 1, 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_not_waited_for_where_it_is_far_or_holds_back_nothing() {
    let far = Duration::from_secs(2);
    for (order, delay) in [(Order::Key, far), (Order::Partition, SHORT)] {
        let rig = one_waits(order, delay).await;
        let started = tokio::time::Instant::now();
        rig.command(Command::Stop);
        assert_eq!(report(&rig.exit().await).abandoned, 1);
        assert!(started.elapsed() < Duration::from_millis(100));
    }
}

/// It fails once more while it is drained: also the next attempt is worth a wait.
#[tokio::test(start_paused = true)]
async fn a_record_that_fails_during_a_stop_is_tried_again_in_it() {
    let plan = Plan {
        order: Order::Key,
        parallelism: Some(100),
        failing: vec![0],
        gated: vec![0],
        attempts: 3,
        delay: SHORT,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.script.event(SourceEvent::Assign(vec![0]));
    rig.script.fill_with(0, (0..).zip(["a", "b"].map(Some)));
    rig.log.reaches(2).await;
    rig.command(Command::Stop);
    rig.progress().await;
    rig.gate.add_permits(3);
    for attempt in 3..5 {
        rig.progress().await;
        rig.advance_by(SHORT).await;
        rig.log.reaches(attempt).await;
    }
    rig.script.called(&Call::Commit(0, 2)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 0, 0]);
}
