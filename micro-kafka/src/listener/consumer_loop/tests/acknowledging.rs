use std::sync::Arc;
use std::time::Duration;

use super::script::{Call, Plan, Rig};
use crate::client::SourceEvent;
use crate::listener::{AckMode, Delivery, Finished, Handler, Order, Verdict};

fn manual(max_uncommitted: usize) -> Rig {
    let plan = Plan {
        ack_mode: AckMode::Manual,
        max_uncommitted,
        ..Plan::default()
    };
    plan.run()
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_acknowledgements_holds_the_commit_back() {
    let rig = manual(100);
    rig.assign(&[(0, 4)]);
    rig.log.reaches(4).await;
    rig.acknowledge(0);
    rig.acknowledge(2);
    rig.acknowledge(3);
    rig.script.called(&Call::Commit(0, 1)).await;
    rig.quiet().await;
    assert_eq!(rig.progress().await[0].unfinished, 3);
    rig.acknowledge(1);
    rig.script.called(&Call::Commit(0, 4)).await;
}

#[tokio::test(start_paused = true)]
async fn too_many_unacknowledged_records_stop_the_reading() {
    let rig = manual(2);
    rig.assign(&[(0, 3)]);
    rig.log.reaches(2).await;
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [0, 1]);
    rig.acknowledge(0);
    rig.log.reaches(3).await;
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_of_an_older_assignment_are_void() {
    let rig = manual(100);
    rig.assign(&[(0, 1)]);
    rig.log.reaches(1).await;
    rig.revoke(0, false);
    rig.script.called(&Call::Unassign(vec![0])).await;
    rig.script.event(SourceEvent::Assign(vec![0]));
    rig.script.fill(0, 0..1);
    rig.log.reaches(2).await;
    assert!(rig.settle(0, Verdict::Done).is_err());
    rig.quiet().await;
    assert_eq!(rig.progress().await[0].to_commit, None);
    rig.acknowledge(1);
    rig.script.called(&Call::Commit(0, 1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_nack_delivers_its_record_again_after_the_delay_and_only_its_partition_waits() {
    let rig = nacking(Plan::default());
    rig.assign(&[(0, 3), (1, 2)]);
    rig.log.reaches(4).await;
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [0, 1]);
    assert_eq!(rig.log.offsets(1), [0, 1]);
    rig.advance(Duration::from_millis(250)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 1, 2]);
    let attempts = rig.log.all();
    let again = attempts.iter().rfind(|seen| seen.offset == 1).unwrap();
    assert_eq!(again.attempt, 2);
    rig.script.called(&Call::Commit(0, 3)).await;
}

#[tokio::test(start_paused = true)]
async fn a_nack_leaves_other_keys_alone() {
    let rig = nacking(Plan {
        order: Order::Key,
        parallelism: Some(8),
        ..Plan::default()
    });
    rig.script.event(SourceEvent::Assign(vec![0]));
    let keys = ["a", "b", "a", "b"].map(Some);
    rig.script.fill_with(0, (0..).zip(keys));
    rig.log.reaches(3).await;
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [0, 1, 2]);
    rig.advance(Duration::from_millis(250)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 2, 1, 3]);
    rig.script.called(&Call::Commit(0, 4)).await;
}

/// A loop whose handler refuses the first delivery of offset 1 of partition 0 by hand, for 250 ms.
fn nacking(plan: Plan) -> Rig {
    let log = crate::listener::tests::support::Log::new();
    let noted = log.clone();
    let plan = Plan {
        ack_mode: AckMode::Manual,
        ..plan
    };
    let handler = Handler::Closure(Arc::new(move |delivery: Delivery| {
        noted.note(&delivery);
        Box::pin(async move {
            let record = delivery.record();
            let again = record.partition() == 0 && record.offset() == 1 && delivery.attempt() == 1;
            let verdict = match again {
                true => Verdict::Again(Duration::from_millis(250)),
                false => Verdict::Done,
            };
            delivery.consumer.settle(delivery.token, verdict).unwrap();
            Finished {
                delivery,
                result: Ok(()),
            }
        })
    }));
    let mut rig = plan.run_with(handler);
    rig.log = log;
    rig
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_refused_later_is_read_again_and_no_other() {
    let rig = manual(100);
    rig.assign(&[(0, 4)]);
    rig.log.reaches(4).await;
    rig.quiet().await;
    rig.acknowledge(0);
    rig.acknowledge(3);
    rig.settle(1, Verdict::Again(Duration::from_secs(2)))
        .unwrap();
    rig.progress().await;
    rig.advance_by(Duration::from_secs(2)).await;
    rig.script.called(&Call::Seek(0, 1)).await;
    rig.script.fill(0, 1..5);
    rig.log.reaches(6).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 2, 3, 1, 4]);
    [2, 4, 5].into_iter().for_each(|n| rig.acknowledge(n));
    rig.script.called(&Call::Commit(0, 5)).await;
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_of_a_lost_assignment_says_that_it_is_void() {
    let rig = manual(100);
    rig.assign(&[(0, 2)]);
    rig.log.reaches(2).await;
    rig.revoke(0, true);
    rig.script.called(&Call::Unassign(vec![0])).await;
    rig.progress().await;
    let late = rig.settle(1, Verdict::Done).unwrap_err();
    assert_eq!((late.record.partition, late.record.offset), (0, 1));
    assert!(late.to_string().contains("t-0@1"), "{late}");
    // Nor does it count for the next assignment of the same partition.
    rig.script.event(SourceEvent::Assign(vec![0]));
    rig.progress().await;
    assert!(rig.settle(0, Verdict::Done).is_err());
}
