//! What Spring Kafka is known to do wrong with failures, and what happens here instead.

use std::time::Duration;

use super::script::{Call, Plan};
use crate::listener::Order;
use crate::listener::tests::support::Seen;

const SECOND: Duration = Duration::from_secs(1);

/// Spring's asynchronous listeners ran them up to N times as often.
#[tokio::test(start_paused = true)]
async fn n_failing_records_cost_n_times_the_attempts() {
    const FAILING: i64 = 20;
    for order in [Order::Partition, Order::None] {
        let plan = Plan {
            order,
            parallelism: Some(8),
            failing: (0..FAILING).collect(),
            attempts: 3,
            delay: Duration::ZERO,
            ..Plan::default()
        };
        let rig = plan.run();
        rig.assign(&[(0, FAILING)]);
        rig.script.called(&Call::Commit(0, FAILING)).await;
        rig.quiet().await;
        for offset in 0..FAILING {
            let of_record = |seen: &Seen| seen.offset == offset;
            let seen = rig.log.all().into_iter().filter(of_record);
            let attempts = seen.map(|seen| seen.attempt).collect::<Vec<_>>();
            assert_eq!(attempts, [1, 2, 3], "record {offset}");
        }
        let mut recovered = rig.kept.offsets.lock().clone();
        recovered.sort_unstable();
        assert_eq!(recovered, (0..FAILING).collect::<Vec<_>>());
    }
}

/// In Spring before 4.2 it began the failing partition's count anew, which never came to its end.
#[tokio::test(start_paused = true)]
async fn a_healthy_partition_does_not_begin_the_attempts_of_another_anew() {
    let plan = Plan {
        failing: vec![0],
        attempts: 4,
        delay: SECOND,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 1), (1, 0)]);
    for round in 1..=3 {
        // Record 0 of the healthy partition would fail, too.
        rig.script.fill(1, round * 10..round * 10 + 10);
        rig.advance(SECOND).await;
    }
    let seen = rig.log.all().into_iter().filter(|seen| seen.offset == 0);
    let attempts = seen.map(|seen| seen.attempt).collect::<Vec<_>>();
    assert_eq!(attempts, [1, 2, 3, 4]);
    assert_eq!(*rig.kept.offsets.lock(), [0]);
    rig.script.called(&Call::Commit(0, 1)).await;
}

/// A parked record holds its lane, and nothing else.
#[tokio::test(start_paused = true)]
async fn a_parked_record_waits_until_it_is_asked_to_go_on() {
    use crate::error::Action;
    use crate::listener::HealthReason;
    use crate::listener::command::Command;

    let plan = Plan {
        failing_once: vec![1],
        last: Action::Park,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 3), (1, 1)]);
    rig.script.called(&Call::Commit(1, 1)).await;
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [0, 1]);
    let mut reasons = Vec::new();
    rig.status.collect(&mut reasons, Duration::MAX);
    assert!(
        matches!(&reasons[..], [HealthReason::Parked { record, .. }] if record.offset == 1),
        "{reasons:?}"
    );
    rig.command(Command::Unpark);
    rig.quiet().await;
    assert_eq!(
        rig.log.offsets(0),
        [0, 1, 1],
        "as if it were new, so parked again"
    );
}
