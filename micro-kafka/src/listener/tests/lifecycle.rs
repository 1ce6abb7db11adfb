use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::support::{Broker, Log, handler, plain_deps, started};
use crate::listener::{
    AckMode, ContainerError, Finished, Handler, HealthReason, ListenerContainer,
};
use crate::record::Record;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_handlers_and_a_second_one_does_not() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..2);
    let (log, gate) = (Log::new(), Arc::new(Semaphore::new(0)));
    let waits = Arc::clone(&gate);
    let handler = handler(&log, move |_| {
        let gate = Arc::clone(&waits);
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let container = started(broker.endpoint(handler));
    log.reaches(1).await;
    let mut stopping = pin!(container.stop());
    assert!(futures_util::poll!(stopping.as_mut()).is_pending());
    container.progress().await;
    gate.add_permits(1);
    let report = stopping.await;
    assert_eq!((report.drained, report.abandoned), (1, 0));
    assert_eq!(broker.committed(0), Some(1));

    container.start().unwrap();
    log.reaches(2).await;
    let mut stopping = pin!(container.stop());
    assert!(futures_util::poll!(stopping.as_mut()).is_pending());
    container.stop().await;
    assert_eq!(stopping.await.abandoned, 1);
    assert_eq!(
        broker.committed(0),
        Some(1),
        "an abandoned record stays uncommitted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_container_leaves_its_group() {
    let broker = Broker::with_topic(1).await;
    let log = Log::new();
    let first = started(broker.endpoint(handler(&log, async |_| Ok(()))));
    first.assigned(1).await;
    let started_at = Instant::now();
    drop(first);
    assert!(started_at.elapsed() < Duration::from_secs(3));
    let second = started(broker.endpoint(handler(&log, async |_| Ok(()))));
    second.assigned(1).await;
    broker.send(0, 0..1);
    log.reaches(1).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_outlives_its_consumer() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 7..8);
    let (kept, taken) = (Arc::new(Mutex::new(None::<Record>)), Log::new());
    let (slot, log) = (Arc::clone(&kept), taken.clone());
    let container = started(
        broker.endpoint(Handler::Closure(Arc::new(move |mut delivery| {
            let (slot, log) = (Arc::clone(&slot), log.clone());
            Box::pin(async move {
                log.note(&delivery);
                let empty = crate::record::OwnedRecord::new("t", 0, 0);
                *slot.lock() = Some(std::mem::replace(&mut delivery.record, empty.into()));
                Finished {
                    delivery,
                    result: Ok(()),
                }
            })
        }))),
    );
    taken.reaches(1).await;
    container.stop().await;
    drop(container);
    let record = kept.lock().take().unwrap();
    assert_eq!(record.payload(), Some(&b"7"[..]));
    assert_eq!(record.topic(), broker.topic);
    assert_eq!(record.headers().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_of_one_container_share_its_partitions() {
    let broker = Broker::with_topic(4).await;
    let log = Log::new();
    let mut endpoint = broker.endpoint(handler(&log, async |_| Ok(())));
    endpoint.concurrency = 2;
    let container = started(endpoint);
    let mut assignment = container.assignment();
    let shared = assignment.wait_for(|all| {
        let of = |consumer| all.iter().filter(|p| p.consumer == consumer).count();
        (of(0), of(1)) == (2, 2)
    });
    let shared = tokio::time::timeout(Duration::from_secs(20), shared).await;
    assert!(shared.is_ok(), "{:?}", container.assignment().borrow());
    drop(shared);
    for partition in 0..4 {
        broker.send(partition, 0..10);
    }
    log.reaches(40).await;
    container.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_group_at_the_end_loses_nothing_before_its_first_record() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..5);
    let log = Log::new();
    let latest = || {
        let mut endpoint = broker.endpoint(handler(&log, async |_| Ok(())));
        let reset = ("auto.offset.reset".to_owned(), "latest".to_owned());
        endpoint.properties.push(reset);
        endpoint
    };
    let container = started(latest());
    container.assigned(1).await;
    container.quiet().await;
    container.stop().await;
    assert_eq!(broker.committed(0), Some(5));
    broker.send(0, 5..8);
    let container = started(latest());
    log.reaches(3).await;
    container.stop().await;
    assert_eq!(log.offsets(0), [5, 6, 7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_blocks_its_loop_is_named() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..1);
    let log = Log::new();
    let handler = handler(&log, async |_| {
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(1_500) {
            std::hint::spin_loop();
        }
        Ok(())
    });
    let container = started(broker.endpoint(handler));
    log.reaches(1).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let health = container.health();
    assert!(
        matches!(&health.reasons[..], [HealthReason::Held { record, .. }] if record.offset == 0),
        "{health:?}"
    );
    container.quiet().await;
    assert!(container.health().is_up());
    container.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_though_a_handler_never_gives_its_thread_back() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..1);
    let log = Log::new();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let handler = handler(&log, move |_| {
        let held = Arc::clone(&held);
        async move {
            // Blocks the thread, which a handler must not.
            let _ = held.lock().recv();
            Ok(())
        }
    });
    let mut endpoint = broker.endpoint(handler);
    endpoint.shutdown_timeout = Duration::from_millis(50);
    let container = started(endpoint);
    log.reaches(1).await;
    let report = container.stop_within(Duration::from_millis(50)).await;
    assert_eq!((report.drained, report.abandoned), (0, 1));
    assert!(!container.is_running());
    drop(release);
}

#[tokio::test]
async fn a_current_thread_runtime_is_refused() {
    let broker = Broker::with_topic(1).await;
    let endpoint = broker.endpoint(handler(&Log::new(), async |_| Ok(())));
    let refused = ListenerContainer::new(endpoint, plain_deps()).start();
    assert!(matches!(
        refused,
        Err(ContainerError::CurrentThreadRuntime { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_property_is_named() {
    let broker = Broker::with_topic(1).await;
    let mut endpoint = broker.endpoint(handler(&Log::new(), async |_| Ok(())));
    endpoint
        .properties
        .push(("fetch.min.byte".to_owned(), "1".to_owned()));
    let refused = ListenerContainer::new(endpoint, plain_deps())
        .start()
        .unwrap_err();
    let source = std::error::Error::source(&refused).unwrap().to_string();
    assert!(source.contains("fetch.min.byte"), "{source}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_though_the_broker_is_gone() {
    let mut broker = Broker::with_topic(1).await;
    broker.send(0, 0..1);
    let log = Log::new();
    let container = started(broker.endpoint(handler(&log, async |_| Ok(()))));
    log.reaches(1).await;
    container.quiet().await;
    if !broker.stop() {
        return;
    }
    let stopped = tokio::time::timeout(Duration::from_secs(15), container.stop()).await;
    assert!(stopped.is_ok(), "it hangs");
    assert!(!container.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_records_are_committed() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..10);
    let log = Log::new();
    let noted = log.clone();
    let mut endpoint = broker.endpoint(Handler::Closure(Arc::new(move |delivery| {
        let log = noted.clone();
        Box::pin(async move {
            log.note(&delivery);
            if delivery.record().offset() != 6 {
                delivery.acknowledge().unwrap();
            }
            Finished {
                delivery,
                result: Ok(()),
            }
        })
    })));
    endpoint.ack_mode = AckMode::Manual;
    let container = started(endpoint);
    log.reaches(10).await;
    container.stop().await;
    assert_eq!(broker.committed(0), Some(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_static_member_is_replaced() {
    // The mock does not fence.
    if std::env::var("MICRO_KAFKA_TEST").is_err() {
        return;
    }
    let broker = Broker::with_topic(1).await;
    let log = Log::new();
    let endpoint = || {
        let mut endpoint = broker.endpoint(handler(&log, async |_| Ok(())));
        let id = ("group.instance.id".to_owned(), "static".to_owned());
        endpoint.properties.push(id);
        endpoint
    };
    let first = started(endpoint());
    first.assigned(1).await;
    let second = started(endpoint());
    second.assigned(1).await;
    let mut assignment = first.assignment();
    let fenced = assignment.wait_for(Vec::is_empty);
    let fenced = tokio::time::timeout(Duration::from_secs(20), fenced).await;
    assert!(fenced.is_ok(), "it goes on");
    drop(fenced);
    let health = first.health();
    assert!(
        matches!(&health.reasons[..], [HealthReason::Restarting { .. }]),
        "{health:?}"
    );
    second.stop().await;
    first.assigned(1).await;
    assert!(first.health().is_up());
    broker.send(0, 0..1);
    log.reaches(1).await;
    first.stop().await;
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn consumers_end_with_their_runtime_if_nobody_stops_them() {
    let first = runtime();
    let log = Log::new();
    let noted = log.clone();
    let (broker, container) = first.block_on(async {
        let broker = Broker::with_topic(1).await;
        broker.send(0, 0..2);
        let handler = handler(&noted, |seen| async move {
            match seen.offset {
                0 => Ok(()),
                _ => std::future::pending().await,
            }
        });
        let container = started(broker.endpoint(handler));
        noted.reaches(2).await;
        (broker, container)
    });
    drop(first);
    assert!(!container.is_running(), "its threads are left behind");
    let health = container.health();
    assert!(health.is_up(), "{health:?}");
    drop(container);
    // It has left its group, and what it had in hand comes again.
    let second = runtime();
    second.block_on(async {
        let handler = handler(&log, async |_| Ok(()));
        let container = started(broker.endpoint(handler));
        log.reaches(3).await;
        container.stop().await;
        assert_eq!(log.offsets(0), [0, 1, 1]);
    });
}

#[test]
fn a_handler_that_outlives_the_runtime_ends_its_consumer_when_it_comes_back() {
    let runtime = runtime();
    let (come_back, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let (_broker, container) = runtime.block_on(async {
        let broker = Broker::with_topic(1).await;
        broker.send(0, 0..1);
        let log = Log::new();
        let handler = handler(&log, move |_| {
            // It blocks the thread: until the test has ended the runtime.
            let _ = wait.lock().recv();
            async { Ok(()) }
        });
        let container = started(broker.endpoint(handler));
        log.reaches(1).await;
        (broker, container)
    });
    drop(runtime);
    assert!(container.is_running(), "it holds its thread");
    come_back.send(()).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while container.is_running() {
        assert!(Instant::now() < until, "it goes on");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let reasons = container.health().reasons;
    let died = |reason: &HealthReason| matches!(reason, HealthReason::ThreadDead { .. });
    assert!(!reasons.iter().any(died), "{reasons:?}");
}
