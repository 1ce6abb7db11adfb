//! The end of an application: drained, cut short, or without a word.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use micro_kafka::listener::CancelReason;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use tokio::sync::Semaphore;

/// Lets handlers end.
#[derive(Debug, Clone)]
struct Gate(Arc<Semaphore>);

impl Gate {
    fn shut() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    fn open(&self) {
        self.0.add_permits(10_000);
    }
}

/// Begun and ended records, as `partition:offset`.
#[derive(Debug, Clone, Default)]
struct Records {
    begun: Journal<(i32, i64)>,
    ended: Journal<(i32, i64)>,
}

#[kafka_listener(topics = "orders", group_id = "billing", concurrency = 2)]
async fn charge(meta: Meta, State(gate): State<Gate>, State(records): State<Records>) {
    let place = (meta.partition(), meta.offset());
    records.begun.note(place);
    gate.0.acquire().await.unwrap().forget();
    records.ended.note(place);
}

async fn send(kafka: &EmbeddedKafka, each: i64) {
    for n in 0..each {
        for partition in 0..3 {
            kafka
                .send("orders", n.to_string())
                .partition(partition)
                .await;
        }
    }
}

/// Starts one, and waits until both of its consumers have partitions: nothing moves after that.
async fn app(kafka: &EmbeddedKafka, gate: &Gate, records: &Records) -> TestApp {
    let app = kafka.app().listener(charge).state(gate.clone());
    let app = app.state(records.clone()).start().await;
    let mut assignment = app.listener("charge").assignment();
    let spread = assignment.wait_for(|all| {
        let consumers = all.iter().map(|own| own.consumer);
        all.len() == 3 && consumers.collect::<BTreeSet<_>>().len() == 2
    });
    let spread = tokio::time::timeout(micro_kafka_test::DEADLINE, spread).await;
    spread.unwrap().unwrap();
    app
}

async fn committed(kafka: &EmbeddedKafka) -> i64 {
    kafka.committed("billing", "orders").await.values().sum()
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_stop_waits_for_handlers_and_begins_nothing_new(kafka: EmbeddedKafka) {
    let (gate, records) = (Gate::shut(), Records::default());
    let app = app(&kafka, &gate, &records).await;
    send(&kafka, 10).await;
    records.begun.reaches(3).await;
    let listener = app.listener("charge");
    let mut stop = Box::pin(listener.stop());
    assert!(futures_util::poll!(stop.as_mut()).is_pending());
    // The answer comes when the stop has begun.
    listener.progress().await;
    gate.open();
    let report = stop.await;
    assert_eq!((report.drained, report.abandoned), (3, 0));
    assert_eq!(records.begun.entries().len(), 3, "something new was begun");
    assert_eq!(records.ended.entries().len(), 3, "a handler was cut off");
    assert_eq!(committed(&kafka).await, 3);
    let app = self::app(&kafka, &gate, &records).await;
    app.listener("charge").settled().await;
    let all = records.ended.entries();
    assert_eq!(all.len(), 30, "lost or twice");
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 30);
}

#[kafka_test(topics = ["orders"], partitions = 3, config = "[kafka]\nshutdown-timeout = '200ms'")]
async fn a_handler_that_does_not_end_is_abandoned_and_its_record_comes_again(kafka: EmbeddedKafka) {
    let (gate, records) = (Gate::shut(), Records::default());
    let app = app(&kafka, &gate, &records).await;
    send(&kafka, 1).await;
    records.begun.reaches(3).await;
    let began = Instant::now();
    let report = app.stop().await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!((report.drained, report.abandoned), (0, 3));
    assert_eq!(committed(&kafka).await, 0);
    gate.open();
    let app = self::app(&kafka, &gate, &records).await;
    app.listener("charge").settled().await.assert_handled(3);
    assert_eq!(committed(&kafka).await, 3);
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_dropped_application_loses_nothing(kafka: EmbeddedKafka) {
    let (gate, records) = (Gate::shut(), Records::default());
    gate.0.add_permits(17);
    let app = app(&kafka, &gate, &records).await;
    send(&kafka, 20).await;
    records.begun.reaches(20).await;
    drop(app);
    assert!(records.ended.entries().len() < 60);
    gate.open();
    let app = self::app(&kafka, &gate, &records).await;
    app.listener("charge").settled().await;
    let ended = records.ended.entries().into_iter().collect::<BTreeSet<_>>();
    assert_eq!(ended.len(), 60, "lost");
    assert_eq!(committed(&kafka).await, 60);
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_record_in_back_off_does_not_delay_the_stop(kafka: EmbeddedKafka) {
    let records = Records::default();
    let app = kafka.app().listener(refuse).state(records.clone());
    let app = app.start().await;
    kafka.send("orders", "no").await;
    records.begun.reaches(1).await;
    let began = Instant::now();
    let report = app.stop().await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!((report.drained, report.abandoned), (0, 1));
    assert_eq!(committed(&kafka).await, 0);
}

#[kafka_listener(topics = "orders", group_id = "billing", retry(backoff = "1h"))]
async fn refuse(meta: Meta, State(records): State<Records>) -> Result<(), std::io::Error> {
    records.begun.note((meta.partition(), meta.offset()));
    Err(std::io::Error::other("not today"))
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_stopped_listener_can_be_started_again(kafka: EmbeddedKafka) {
    let (gate, records) = (Gate::shut(), Records::default());
    gate.open();
    let app = app(&kafka, &gate, &records).await;
    send(&kafka, 5).await;
    app.listener("charge").settled().await.assert_handled(15);
    app.listener("charge").stop().await;
    assert!(!app.listener("charge").is_running());
    send(&kafka, 5).await;
    app.listener("charge").start().unwrap();
    app.listener("charge").settled().await.assert_handled(30);
    assert_eq!(records.ended.entries().len(), 30, "lost or twice");
}

/// A long work that leaves off when it is told to.
#[kafka_listener(topics = "orders", group_id = "patient")]
async fn export(
    cancel: Cancel,
    State(ends): State<Journal<Option<CancelReason>>>,
) -> Result<(), String> {
    ends.note(cancel.reason());
    ends.note(Some(cancel.cancelled().await));
    match cancel.is_cancelled() {
        true => Err("left off".to_owned()),
        false => Ok(()),
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_handler_hears_of_the_stop_and_leaves_off(kafka: EmbeddedKafka) {
    let ends = Journal::<Option<CancelReason>>::new();
    let app = kafka.app().listener(export).state(ends.clone());
    let app = app.set("kafka.shutdown-timeout", "1h").start().await;
    kafka.send("orders", "1").await;
    ends.reaches(1).await;
    app.stop().await;
    assert_eq!(ends.entries(), [None, Some(CancelReason::Stopping)]);
    assert_eq!(
        kafka
            .committed("patient", "orders")
            .await
            .values()
            .sum::<i64>(),
        0
    );
}
