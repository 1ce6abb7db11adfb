//! What an operator sees: counters, lag and health of each listener.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod meters;

use std::sync::{Arc, mpsc};

use micro_kafka::app::{Listener, RecordFuture};
use micro_kafka::listener::HealthReason;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use self::meters::Meters;

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("declined")]
    #[kafka(dead_letter)]
    Declined,
    #[error("foreign")]
    #[kafka(skip)]
    Foreign,
    #[error("timed out")]
    #[kafka(retry(attempts = 3, backoff = "1ms"))]
    Timeout,
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(order: &str) -> Result<(), ChargeError> {
    if order == "slow" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    match order {
        "declined" => Err(ChargeError::Declined),
        "foreign" => Err(ChargeError::Foreign),
        "timeout" => Err(ChargeError::Timeout),
        _ => Ok(()),
    }
}

#[kafka_listener(topics = "clicks", group_id = "search")]
async fn index(click: &str, State(gate): State<Arc<Semaphore>>) {
    let _ = click;
    gate.acquire().await.unwrap().forget();
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn every_outcome_is_counted_by_listener(kafka: EmbeddedKafka) {
    let meters = Meters::installed();
    let app = kafka.app().listener(charge).start().await;
    for payload in ["fine", "slow", "declined", "foreign", "timeout"] {
        kafka.send("orders", payload).await;
    }
    app.listener("charge").settled().await;
    app.stop().await;
    let count =
        |what: &str| meters.counter(&format!("micro_kafka_listener_{what}_total"), "charge");
    assert_eq!(count("handled"), 2);
    assert_eq!(count("failed"), 5);
    assert_eq!(count("retried"), 2);
    assert_eq!(count("dead_lettered"), 2);
    assert_eq!(count("skipped"), 1);
    assert!(count("commits") >= 1);
    assert_eq!(
        meters.timed("micro_kafka_listener_duration_seconds", "charge"),
        7
    );
}

const TAGS: &str = r#"
[kafka]
metric-tags = "region=eu, team=nobody"
[kafka.listeners.charge]
metric-tags = ["team=billing"]
"#;

#[kafka_test(topics = ["orders"])]
async fn figures_carry_the_tags_of_program_settings_and_listener(kafka: EmbeddedKafka) {
    let meters = Meters::installed();
    let listener = Listener::new("tagged", |_record: &Record| -> RecordFuture<'_> {
        Box::pin(async { Ok(()) })
    });
    let listener = listener.topics(["orders"]).group_id("tagged");
    let listener = listener.metric_tag("tier", "1").metric_tag("team", "own");
    let app = kafka.app().config(TAGS).listener(charge).register(listener);
    let app = app
        .metric_tag("region", "us")
        .metric_tag("zone", "b")
        .start()
        .await;
    kafka.send("orders", "fine").await;
    app.template().send("orders", "fine").await.unwrap();
    app.settled().await;
    app.stop().await;
    let handled = "micro_kafka_listener_handled_total";
    let common = [("region", "eu"), ("zone", "b")];
    let with = |own: &[(&'static str, &'static str)]| {
        common.iter().chain(own).copied().collect::<Vec<_>>()
    };
    let charge = with(&[("listener", "charge"), ("team", "billing")]);
    assert_eq!(meters.value(handled, &charge), Some(2));
    let tagged = with(&[("listener", "tagged"), ("team", "own"), ("tier", "1")]);
    assert_eq!(meters.value(handled, &tagged), Some(2));
    let template = with(&[("template", "default"), ("team", "nobody")]);
    let delivered = "micro_kafka_template_delivered_total";
    assert_eq!(meters.value(delivered, &template), Some(1));
    let seconds = "micro_kafka_template_delivery_seconds";
    assert_eq!(meters.value(seconds, &template), Some(1));
    meters.assert_known();
}

#[kafka_test(topics = ["clicks"])]
async fn the_lag_of_each_partition_is_shown_while_it_lasts(kafka: EmbeddedKafka) {
    let meters = Meters::installed();
    let gate = Arc::new(Semaphore::new(4));
    for n in 0..10 {
        kafka.send("clicks", n.to_string()).await;
    }
    let app = kafka
        .app()
        .listener(index)
        .state(Arc::clone(&gate))
        .start()
        .await;
    let labels = [
        ("listener", "index"),
        ("topic", &kafka.wire_name("clicks")),
        ("partition", "0"),
    ];
    meters
        .gauge_becomes("micro_kafka_listener_lag_records", &labels, 6.0)
        .await;
    gate.add_permits(10);
    meters
        .gauge_becomes("micro_kafka_listener_lag_records", &labels, 0.0)
        .await;
    let progress = app.listener("index").progress().await;
    assert_eq!(progress[0].lag, Some(0), "{progress:?}");
}

#[kafka_test(topics = ["orders"])]
async fn a_group_that_refuses_a_consumer_shows_in_the_health(kafka: EmbeddedKafka) {
    // Less than brokers allow.
    let timeout = "kafka.consumer.properties.session.timeout.ms";
    let app = kafka.app().listener(charge).set(timeout, 500);
    let app = app.try_start().await.unwrap();
    app.listener("charge").unwell().await;
    let health = app.health();
    let [HealthReason::NotJoined { reason, .. }] = &*health.listeners[0].container.reasons else {
        panic!("{health:?}");
    };
    assert!(reason.contains("session timeout"), "{reason}");
    assert!(health.listeners[0].running);
}

/// Blocks whoever receives until the test lets go.
type Release = Arc<Mutex<mpsc::Receiver<()>>>;

#[kafka_listener(topics = "orders", group_id = "blocking")]
async fn block(State(release): State<Release>) {
    release.lock().recv().unwrap();
}

#[kafka_test(topics = ["orders"])]
async fn a_handler_that_blocks_its_consumer_shows_in_the_health(kafka: EmbeddedKafka) {
    let (let_go, release) = mpsc::channel();
    let release: Release = Arc::new(Mutex::new(release));
    let app = kafka.app().listener(block).state(release).start().await;
    kafka.send("orders", "x").await;
    app.listener("block").unwell().await;
    let health = app.health();
    let [HealthReason::Held { record, duration }] = &*health.listeners[0].container.reasons else {
        panic!("{health:?}");
    };
    assert_eq!((record.partition, record.offset), (0, 0));
    assert!(*duration >= Duration::from_secs(1), "{duration:?}");
    let_go.send(()).unwrap();
    app.listener("block").settled().await.assert_handled(1);
    assert!(app.health().is_up(), "{:?}", app.health());
}
