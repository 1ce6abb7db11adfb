use std::time::Duration;

use super::support::{Broker, Log, handler, started};

#[tokio::test(flavor = "multi_thread")]
async fn records_are_handled_in_order_and_committed_on_stop() {
    let broker = Broker::with_topic(2).await;
    broker.send(0, 0..1_000);
    broker.send(1, 0..500);
    let log = Log::new();
    let container = started(broker.endpoint(handler(&log, async |_| Ok(()))));
    log.reaches(1_500).await;
    let report = container.stop().await;
    assert_eq!(log.offsets(0), (0..1_000).collect::<Vec<_>>());
    assert_eq!(log.offsets(1), (0..500).collect::<Vec<_>>());
    assert_eq!(report.abandoned, 0);
    assert_eq!(broker.committed(0), Some(1_000));
    assert_eq!(broker.committed(1), Some(500));
    assert_eq!(container.stats().handled, 1_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_container_has_committed_all_that_was_sent() {
    let broker = Broker::with_topic(2).await;
    let log = Log::new();
    let handler = handler(&log, async |_| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(())
    });
    let container = started(broker.endpoint(handler));
    container.assigned(2).await;
    broker.send(0, 0..50);
    container.quiet().await;
    assert_eq!(log.offsets(0).len(), 50);
    assert_eq!(broker.committed(0), Some(50));
    let progress = container.progress().await;
    assert_eq!(progress.len(), 2);
    assert!(progress.iter().all(|partition| !partition.in_flight));
    assert!(container.health().is_up());
    container.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_consumer_takes_over_where_the_first_one_stopped() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..10);
    for round in 1..=2 {
        let log = Log::new();
        let container = started(broker.endpoint(handler(&log, async |_| Ok(()))));
        log.reaches(10).await;
        container.stop().await;
        let from = (round - 1) * 10;
        assert_eq!(log.offsets(0), (from..from + 10).collect::<Vec<_>>());
        broker.send(0, 10..20);
    }
}
