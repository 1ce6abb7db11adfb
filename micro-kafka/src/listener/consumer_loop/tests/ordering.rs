use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::script::{Call, Plan, Rig};
use crate::client::{Slot, SourceEvent};
use crate::listener::{Dispatch, Order};

fn by_key(gated: &[i64]) -> Plan {
    Plan {
        order: Order::Key,
        parallelism: Some(100),
        gated: gated.to_vec(),
        ..Plan::default()
    }
}

/// Gives the loop partition 0 with records of these keys, from offset 0.
fn assign_keys(rig: &Rig, keys: &[Option<&str>]) {
    rig.script.event(SourceEvent::Assign(vec![0]));
    rig.script.fill_with(0, (0..).zip(keys.iter().copied()));
}

#[tokio::test(start_paused = true)]
async fn other_keys_overtake_a_slow_one_and_the_commit_waits_for_it() {
    let rig = by_key(&[0]).run();
    assign_keys(&rig, &["a", "b", "a", "c"].map(Some));
    rig.log.reaches(3).await;
    rig.progress().await;
    assert_eq!(rig.log.offsets(0), [0, 1, 3]);
    rig.clock
        .advance_to(rig.clock.now() + Duration::from_secs(5));
    rig.progress().await;
    assert!(
        !rig.script
            .calls()
            .iter()
            .any(|call| matches!(call, Call::Commit(..)))
    );
    rig.gate.add_permits(1);
    rig.script.called(&Call::Commit(0, 4)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 3, 2]);
}

#[tokio::test(start_paused = true)]
async fn records_without_a_key_wait_for_one_another() {
    let rig = by_key(&[0]).run();
    assign_keys(&rig, &[None, None, Some("a"), None]);
    rig.log.reaches(2).await;
    rig.progress().await;
    assert_eq!(rig.log.offsets(0), [0, 2]);
    rig.gate.add_permits(1);
    rig.script.called(&Call::Commit(0, 4)).await;
    assert_eq!(rig.log.offsets(0), [0, 2, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn in_no_order_a_record_waits_for_none() {
    let plan = Plan {
        order: Order::None,
        ..by_key(&[0, 2])
    };
    let rig = plan.run();
    assign_keys(&rig, &["a"; 5].map(Some));
    rig.log.reaches(5).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 2, 3, 4]);
    rig.gate.add_permits(2);
    rig.script.called(&Call::Commit(0, 5)).await;
}

#[tokio::test(start_paused = true)]
async fn no_more_handlers_run_than_parallelism_allows() {
    let gated = (0..20).collect::<Vec<_>>();
    let plan = Plan {
        parallelism: Some(3),
        order: Order::None,
        ..by_key(&gated)
    };
    let rig = plan.run();
    rig.assign(&[(0, 10), (1, 10)]);
    rig.log.reaches(3).await;
    rig.progress().await;
    assert_eq!(rig.log.all().len(), 3);
    rig.gate.add_permits(2);
    rig.log.reaches(5).await;
    rig.progress().await;
    assert_eq!(rig.log.all().len(), 5);
    rig.gate.add_permits(100);
    rig.script.called(&Call::Commit(0, 10)).await;
    rig.script.called(&Call::Commit(1, 10)).await;
}

#[tokio::test(start_paused = true)]
async fn one_handler_at_a_time_serves_partitions_in_turn() {
    let plan = Plan {
        parallelism: Some(1),
        gated: vec![1],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 3), (1, 3)]);
    rig.log.reaches(2).await;
    rig.progress().await;
    let begun = rig.log.all().len();
    rig.progress().await;
    assert_eq!(rig.log.all().len(), begun);
    rig.gate.add_permits(2);
    rig.script.called(&Call::Commit(0, 3)).await;
    rig.script.called(&Call::Commit(1, 3)).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_waits_for_its_retry_takes_no_room() {
    let plan = Plan {
        parallelism: Some(1),
        failing: vec![0],
        attempts: 2,
        ..by_key(&[])
    };
    let rig = plan.run();
    assign_keys(&rig, &["a", "b", "a", "c"].map(Some));
    rig.advance(Duration::from_secs(60)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 3, 0, 2]);
    rig.script.called(&Call::Commit(0, 4)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stuck_key_holds_back_no_more_records_than_allowed() {
    let plan = Plan {
        max_uncommitted: 50,
        ..by_key(&[0])
    };
    let rig = plan.run();
    rig.script.event(SourceEvent::Assign(vec![0]));
    let keys = (0..500).map(|n| (n, Some(if n % 2 == 0 { "stuck" } else { "other" })));
    rig.script.fill_with(0, keys);
    rig.log.reaches(26).await;
    rig.progress().await;
    rig.progress().await;
    assert_eq!(rig.log.all().len(), 26, "the stuck one, and 25 others");
    assert_eq!(rig.progress().await[0].unfinished, 50);
    rig.gate.add_permits(1);
    rig.script.called(&Call::Commit(0, 500)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stuck_key_holds_back_no_more_bytes_than_allowed() {
    let plan = Plan {
        max_uncommitted: 100_000,
        max_uncommitted_bytes: 1_050,
        ..by_key(&[0])
    };
    let rig = plan.run();
    rig.script.event(SourceEvent::Assign(vec![0]));
    // Each weighs 101 bytes.
    rig.script.fill_with(0, (0..500).map(|n| (n, Some("s"))));
    rig.log.reaches(1).await;
    rig.progress().await;
    rig.progress().await;
    assert_eq!(rig.progress().await[0].unfinished, 11);
    rig.gate.add_permits(1);
    rig.script.called(&Call::Commit(0, 500)).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_record_is_read_again_and_others_are_not_handled_twice() {
    let plan = Plan {
        panicking_once: vec![1],
        ..by_key(&[3])
    };
    let rig = plan.run();
    assign_keys(&rig, &["a", "b", "b", "c", "b"].map(Some));
    rig.log.reaches(3).await;
    rig.advance_by(Duration::from_secs(1)).await;
    rig.script.called(&Call::Seek(0, 1)).await;
    // The source begins anew at that record.
    rig.script
        .fill_with(0, (1..).zip(["b", "b", "c", "b", "d"].map(Some)));
    rig.log.reaches(7).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 3, 1, 2, 4, 5]);
    rig.gate.add_permits(1);
    rig.script.called(&Call::Commit(0, 6)).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_record_that_was_compacted_away_holds_nothing_up() {
    let plan = Plan {
        panicking_once: vec![1],
        ..by_key(&[])
    };
    let rig = plan.run();
    assign_keys(&rig, &["a", "b", "b"].map(Some));
    rig.log.reaches(2).await;
    rig.advance_by(Duration::from_secs(1)).await;
    rig.script.called(&Call::Seek(0, 1)).await;
    rig.script.fill_with(0, [(2, Some("b")), (3, Some("a"))]);
    rig.script.called(&Call::Commit(0, 4)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 3, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_waits_for_all_that_runs_and_begins_nothing() {
    let rig = by_key(&[0, 1]).run();
    assign_keys(&rig, &["a", "b", "a", "b", "c"].map(Some));
    rig.log.reaches(3).await;
    rig.revoke(0, false);
    rig.progress().await;
    rig.gate.add_permits(2);
    rig.script.called(&Call::Unassign(vec![0])).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 4]);
    let calls = rig.script.calls();
    assert!(calls.contains(&Call::Commit(0, 2)), "{calls:?}");
}

/// Which offsets are at work at once.
#[derive(Clone, Default)]
struct AtWork(Arc<Mutex<Vec<i64>>>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_never_runs_twice_at_once_although_its_task_outlives_the_assignment() {
    for dispatch in [Dispatch::Spawn, Dispatch::Blocking] {
        let plan = Plan {
            dispatch,
            revoke_drain: Duration::ZERO,
            ..by_key(&[])
        };
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(Some(held)));
        let at_work = AtWork::default();
        let seen = at_work.clone();
        let rig = plan.run_on_threads(move |offset| {
            seen.0.lock().push(offset);
            // Blocks as no future should; only the first time.
            if let Some(held) = held.lock().take() {
                let _ = held.recv();
            }
            seen.0.lock().push(-offset);
        });
        assign_keys(&rig, &[Some("a")]);
        while at_work.0.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        rig.revoke(0, false);
        rig.script.called(&Call::Unassign(vec![0 as Slot])).await;
        rig.script.event(SourceEvent::Assign(vec![0]));
        rig.script.fill_with(0, [(7, Some("a"))]);
        for _ in 0..100 {
            rig.progress().await;
        }
        assert_eq!(*at_work.0.lock(), [0], "{dispatch}");
        release.send(()).unwrap();
        rig.script.called(&Call::Commit(0, 8)).await;
        assert_eq!(*at_work.0.lock(), [0, 0, 7, -7], "{dispatch}");
    }
}
