use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::support::{Broker, Kept, Log, Retries, deps, failure, handler};
use crate::clock::Clock;
use crate::error::Action;
use crate::listener::{AckMode, HealthReason, ListenerContainer};

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_comes_on_time_and_the_record_ends_with_the_recoverer() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..3);
    let (log, times) = (Log::new(), Arc::new(Mutex::new(Vec::new())));
    let noted = Arc::clone(&times);
    let handler = handler(&log, move |seen| {
        let fails = seen.offset == 1;
        if fails {
            noted.lock().push(Instant::now());
        }
        async move { if fails { Err(failure()) } else { Ok(()) } }
    });
    let kept = Kept::failing(0);
    let errors = Retries {
        attempts: 4,
        delay: Duration::from_millis(150),
        last: Action::Recover,
    };
    let deps = deps(Clock::system(), errors, &kept);
    let container = ListenerContainer::new(broker.endpoint(handler), deps);
    container.start().unwrap();
    log.reaches(6).await;
    container.stop().await;
    assert_eq!(log.offsets(0), [0, 1, 1, 1, 1, 2]);
    assert_eq!(*kept.offsets.lock(), [1]);
    assert_eq!(broker.committed(0), Some(3));
    let times = times.lock();
    for pair in times.windows(2) {
        let late = (pair[1] - pair[0]).saturating_sub(Duration::from_millis(150));
        assert!(pair[1] - pair[0] >= Duration::from_millis(150));
        assert!(late < Duration::from_millis(100), "late by {late:?}");
    }
    let stats = container.stats();
    assert_eq!((stats.handled, stats.failed), (2, 4));
    assert_eq!((stats.retried, stats.dead_lettered), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_asks_for_a_stop_stops_all_consumers() {
    let broker = Broker::with_topic(2).await;
    let log = Log::new();
    let handler = handler(&log, |seen| async move {
        if seen.offset == 1 {
            Err(failure())
        } else {
            Ok(())
        }
    });
    let mut endpoint = broker.endpoint(handler);
    endpoint.concurrency = 2;
    let container = super::support::started(endpoint);
    let mut assignment = container.assignment();
    // The mock's groups refuse commits while a consumer is still to join.
    let joined = assignment.wait_for(|all| {
        let has = |consumer| all.iter().any(|partition| partition.consumer == consumer);
        has(0) && has(1)
    });
    assert!(joined.await.is_ok());
    broker.send(0, 0..3);
    let empty = assignment.wait_for(Vec::is_empty);
    let empty = tokio::time::timeout(Duration::from_secs(20), empty).await;
    assert!(empty.is_ok(), "it does not stop");
    drop(empty);
    container.stop().await;
    assert!(!container.is_running());
    let health = container.health();
    assert!(
        matches!(&health.reasons[..], [HealthReason::StoppedByRecord { record, .. }]
            if record.offset == 1),
        "{health:?}"
    );
    assert_eq!(broker.committed(0), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_per_record_leaves_none_behind() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..20);
    let log = Log::new();
    let mut endpoint = broker.endpoint(handler(&log, async |_| Ok(())));
    endpoint.ack_mode = AckMode::Record;
    let container = super::support::started(endpoint);
    log.reaches(20).await;
    container.quiet().await;
    assert_eq!(broker.committed(0), Some(20));
    assert!(container.stats().commits >= 20);
}
