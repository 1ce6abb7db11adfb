//! Every acknowledgement mode, with every outcome, in every order.

use std::time::Duration;

use super::script::{Call, Plan, Rig};
use crate::client::SourceEvent;
use crate::error::Action;
use crate::listener::{AckMode, Order, Verdict};

const INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Success,
    SuccessAtTheSecondAttempt,
    Recovered,
    Skipped,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Ack(AckMode),
    Auto,
}

const OUTCOMES: [Outcome; 4] = [
    Outcome::Success,
    Outcome::SuccessAtTheSecondAttempt,
    Outcome::Recovered,
    Outcome::Skipped,
];
const ORDERS: [Order; 3] = [Order::Partition, Order::Key, Order::None];

fn plan(mode: Mode, outcome: Outcome, order: Order) -> Plan {
    let plan = Plan {
        order,
        parallelism: Some(8),
        ack_mode: match mode {
            Mode::Ack(mode) => mode,
            Mode::Auto => AckMode::Batch,
        },
        auto_commit: matches!(mode, Mode::Auto).then_some(INTERVAL),
        commit_count: 4,
        ..Plan::default()
    };
    match outcome {
        Outcome::Success => plan,
        Outcome::SuccessAtTheSecondAttempt => Plan {
            failing_once: vec![1],
            attempts: 2,
            delay: Duration::ZERO,
            ..plan
        },
        Outcome::Recovered => Plan {
            failing: vec![1],
            ..plan
        },
        Outcome::Skipped => Plan {
            failing: vec![1],
            last: Action::Skip,
            ..plan
        },
    }
}

/// The offsets that were committed, in the order of the commits.
fn commits(rig: &Rig) -> Vec<i64> {
    let calls = rig.script.calls();
    let offsets = calls.iter().filter_map(|call| match call {
        Call::Commit(_, offset) => Some(*offset),
        _ => None,
    });
    offsets.collect()
}

/// Runs four records, the second of which has the outcome; returns the offsets that were committed
/// before anything else happened.
async fn run(rig: &Rig) -> Vec<i64> {
    rig.script.event(SourceEvent::Assign(vec![0]));
    let keys = ["a", "b", "a", "b"].map(Some);
    rig.script.fill_with(0, (0..).zip(keys));
    rig.log.reaches(4).await;
    rig.quiet().await;
    commits(rig)
}

async fn check(mode: Mode, outcome: Outcome, order: Order) {
    let case = format!("{mode:?}, {outcome:?}, {order:?}");
    let rig = plan(mode, outcome, order).run();
    let at_once = run(&rig).await;
    match mode {
        Mode::Ack(AckMode::Record) => {
            assert_eq!(at_once.last(), Some(&4), "{case}");
            assert!(at_once.is_sorted(), "{case}: {at_once:?}");
            if order == Order::Partition {
                assert_eq!(at_once, [1, 2, 3, 4], "{case}");
            }
        }
        Mode::Ack(AckMode::Batch) => assert_eq!(at_once.last(), Some(&4), "{case}"),
        Mode::Ack(AckMode::Count | AckMode::CountTime) => assert_eq!(at_once, [4], "{case}"),
        Mode::Ack(AckMode::Time) | Mode::Auto => {
            assert_eq!(at_once, [] as [i64; 0], "{case}");
            rig.advance(INTERVAL).await;
            assert_eq!(commits(&rig), [4], "{case}");
        }
        Mode::Ack(AckMode::Manual | AckMode::ManualImmediate) => {
            check_manual(&rig, &at_once, outcome, &case).await;
        }
    }
}

/// What was recovered or skipped is done without an acknowledgement; all else waits for its own,
/// in whatever order they come.
async fn check_manual(rig: &Rig, at_once: &[i64], outcome: Outcome, case: &str) {
    assert_eq!(at_once, [] as [i64; 0], "{case}");
    let tokens = rig.tokens.lock().clone();
    for (_, token) in tokens.iter().rev() {
        let done = matches!(outcome, Outcome::Recovered | Outcome::Skipped) && token.offset == 1;
        if !done && token.offset != 0 {
            let (consumer, token) = tokens.iter().rfind(|(_, t)| t == token).unwrap();
            consumer.settle(*token, Verdict::Done).unwrap();
        }
    }
    rig.quiet().await;
    assert_eq!(commits(rig), [] as [i64; 0], "{case}: the first is open");
    let (consumer, token) = tokens.iter().find(|(_, token)| token.offset == 0).unwrap();
    consumer.settle(*token, Verdict::Done).unwrap();
    rig.script.called(&Call::Commit(0, 4)).await;
}

#[tokio::test(start_paused = true)]
async fn every_mode_commits_when_it_should_whatever_became_of_the_records() {
    let modes = AckMode::NAMES.map(|(_, mode)| Mode::Ack(mode));
    for mode in modes.into_iter().chain([Mode::Auto]) {
        for outcome in OUTCOMES {
            for order in ORDERS {
                check(mode, outcome, order).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_record_holds_every_commit_back_whatever_the_mode() {
    for (_, mode) in AckMode::NAMES {
        let plan = Plan {
            gated: vec![0],
            ..plan(Mode::Ack(mode), Outcome::Success, Order::None)
        };
        let rig = plan.run();
        rig.script.event(SourceEvent::Assign(vec![0]));
        rig.script.fill(0, 0..4);
        rig.log.reaches(4).await;
        if mode.is_manual() {
            (1..4).for_each(|n| rig.acknowledge(n));
        }
        rig.progress().await;
        rig.clock.advance_to(rig.clock.now() + INTERVAL * 2);
        rig.progress().await;
        assert_eq!(commits(&rig), [] as [i64; 0], "{mode}");
        rig.gate.add_permits(1);
        if mode.is_manual() {
            rig.acknowledge(0);
        }
        rig.script.called(&Call::Commit(0, 4)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_is_committed_only_when_it_is_reached() {
    let rig = plan(
        Mode::Ack(AckMode::Count),
        Outcome::Success,
        Order::Partition,
    )
    .run();
    rig.assign(&[(0, 3)]);
    rig.quiet().await;
    rig.clock.advance_to(rig.clock.now() + INTERVAL * 10);
    rig.quiet().await;
    assert_eq!(commits(&rig), [] as [i64; 0]);
    rig.script.fill(0, 3..4);
    rig.script.called(&Call::Commit(0, 4)).await;
}

#[tokio::test(start_paused = true)]
async fn synchronous_commits_hold_the_next_records_back() {
    let plan = Plan {
        sync_commits: Some(true),
        ..plan(Mode::Ack(AckMode::Batch), Outcome::Success, Order::Key)
    };
    let rig = plan.run();
    rig.script.with(|state| state.hold_commits = true);
    rig.assign(&[(0, 2)]);
    rig.script.called(&Call::Commit(0, 2)).await;
    rig.script.fill(0, 2..4);
    rig.progress().await;
    rig.progress().await;
    assert_eq!(rig.log.offsets(0), [0, 1]);
    rig.script.answer_commits();
    rig.script.called(&Call::Commit(0, 4)).await;
}
