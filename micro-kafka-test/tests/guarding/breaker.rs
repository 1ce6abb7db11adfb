//! Listeners that rest while too much fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use micro_kafka::listener::{ContainerEvent, HealthReason};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// What the handlers need, and who asked for it.
#[derive(Debug, Clone, Default)]
struct Gateway {
    down: Arc<AtomicBool>,
    asked: Journal<(String, u32)>,
}

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("the gateway is away")]
    #[kafka(retry)]
    Away,
    #[error("declined")]
    #[kafka(dead_letter)]
    Declined,
}

impl Gateway {
    fn ask(&self, order: &str, attempt: u32) -> Result<(), ChargeError> {
        self.asked.note((order.to_owned(), attempt));
        if self.down.load(Ordering::SeqCst) {
            return Err(ChargeError::Away);
        }
        match order {
            "declined" => Err(ChargeError::Declined),
            _ => Ok(()),
        }
    }
}

#[kafka_listener(topics = "orders", group_id = "charge", concurrency = 2)]
async fn charge(
    order: &str,
    attempt: Attempt,
    State(gateway): State<Gateway>,
) -> Result<(), ChargeError> {
    gateway.ask(order, attempt.number())
}

const SETTINGS: &str = r#"
[kafka.listeners.charge]
retry.attempts = 20
retry.backoff = "1s"

[kafka.listeners.charge.breaker]
window = 20
wait = "10s..40s x2"
"#;

#[kafka_test(topics = ["orders", "orders-dlt"], partitions = 2, clock = "paused")]
async fn nothing_is_dead_lettered_while_the_breaker_is_open(kafka: EmbeddedKafka) {
    let gateway = Gateway::default();
    gateway.down.store(true, Ordering::SeqCst);
    let app = kafka.app().listener(charge).state(gateway.clone());
    let app = app.config(SETTINGS).start().await;
    let listener = app.listener("charge");
    let mut events = listener.events();
    for order in 0..40 {
        kafka
            .send("orders", order.to_string())
            .partition(order % 2)
            .await;
    }
    // Eleven of at most twenty attempts: two at once, then two each second.
    kafka.advance("6s").await;
    let asked = gateway.asked.entries().len();
    assert!((11..=12).contains(&asked), "{asked}");
    let reasons = listener.health().reasons;
    let open = |reason: &HealthReason| matches!(reason, HealthReason::BreakerOpen { error, .. } if error == "the gateway is away");
    assert!(reasons.iter().any(open), "{reasons:?}");
    // Probes after 10, 20, 40 and 40 s, one each.
    kafka.advance("2m").await;
    let probes = gateway.asked.entries().len() - asked;
    assert_eq!(probes, 4);
    assert_eq!(listener.stats().dead_lettered, 0);
    gateway.down.store(false, Ordering::SeqCst);
    kafka.advance("41s").await;
    let settled = listener.settled().await;
    settled.assert_handled(40).assert_dead_lettered(0);
    assert!(listener.health().is_up(), "{:?}", listener.health());
    // What failed meanwhile was not counted as an attempt.
    let attempts = gateway
        .asked
        .entries()
        .into_iter()
        .map(|(_, attempt)| attempt);
    assert!(attempts.max() <= Some(7));
    let (mut opened, mut closed) = (0, 0);
    while let Some(event) = events.try_next() {
        match &*event {
            ContainerEvent::BreakerOpened { wait, .. } => {
                opened += 1;
                assert!(*wait >= Duration::from_secs(10));
            }
            ContainerEvent::BreakerClosed => closed += 1,
            _ => {}
        }
    }
    assert_eq!((opened > 3, closed), (true, 1));
}

#[kafka_test(topics = ["orders", "orders-dlt"], partitions = 2, clock = "paused")]
async fn a_probe_that_is_its_records_own_fault_closes_the_breaker(kafka: EmbeddedKafka) {
    let gateway = Gateway::default();
    gateway.down.store(true, Ordering::SeqCst);
    let app = kafka.app().listener(charge).state(gateway.clone());
    let app = app.config(SETTINGS).start().await;
    kafka.send("orders", "declined").partition(0).await;
    kafka.advance("10s").await;
    assert!(!app.listener("charge").health().is_up());
    gateway.down.store(false, Ordering::SeqCst);
    kafka.advance("10s").await;
    let settled = app.listener("charge").settled().await;
    settled.assert_dead_lettered(1).assert_handled(0);
    assert!(app.listener("charge").health().is_up());
}

#[kafka_test(topics = ["orders", "orders-dlt"], partitions = 2, clock = "paused")]
async fn a_stop_while_the_breaker_is_open_waits_for_nothing(kafka: EmbeddedKafka) {
    let gateway = Gateway::default();
    gateway.down.store(true, Ordering::SeqCst);
    let app = kafka.app().listener(charge).state(gateway.clone());
    let app = app.config(SETTINGS).start().await;
    kafka.send("orders", "one").partition(0).await;
    kafka.advance("10s").await;
    assert!(!app.listener("charge").health().is_up());
    let listener = app.listener("charge");
    listener.stop().await;
    // Whoever starts it again finds all that was not handled.
    gateway.down.store(false, Ordering::SeqCst);
    kafka.advance("1m").await;
    listener.start().unwrap();
    listener.assigned(2).await;
    listener
        .settled()
        .await
        .assert_handled(1)
        .assert_dead_lettered(0);
    app.stop().await;
}

#[kafka_listener(topics = "orders", group_id = "index", batch(max = 12, linger = "1h"))]
async fn index(orders: Batch<Text>, State(gateway): State<Gateway>) -> BatchResult<ChargeError> {
    let results = orders
        .iter()
        .map(|order| gateway.ask(&order.value().0, order.attempt()));
    orders.settle(results.collect::<Vec<_>>())
}

#[kafka_test(topics = ["orders", "orders-dlt"], clock = "paused")]
async fn batches_are_held_too(kafka: EmbeddedKafka) {
    let gateway = Gateway::default();
    gateway.down.store(true, Ordering::SeqCst);
    let app = kafka.app().listener(index).state(gateway.clone());
    let app = app
        .set("kafka.listeners.index.breaker.window", 20)
        .set("kafka.listeners.index.retry.attempts", 1);
    let app = app.start().await;
    for order in 0..12 {
        kafka.send("orders", order.to_string()).await;
    }
    kafka.advance("1s").await;
    let listener = app.listener("index");
    assert!(!listener.health().is_up());
    assert_eq!(listener.stats().held, 12);
    gateway.down.store(false, Ordering::SeqCst);
    kafka.advance("10s").await;
    let settled = listener.settled().await;
    settled.assert_handled(12).assert_dead_lettered(0);
}

#[kafka_listener(
    topics = "orders",
    group_id = "declared",
    retry(attempts = 20, backoff = "1s"),
    breaker(window = 4, wait = "10s")
)]
async fn declared(order: &str, State(gateway): State<Gateway>) -> Result<(), ChargeError> {
    gateway.ask(order, 1)
}

#[kafka_test(topics = ["orders", "orders-dlt"], clock = "paused")]
async fn a_breaker_is_declared_by_attribute_and_overridden_by_settings(kafka: EmbeddedKafka) {
    let waits = [
        ("", 10),
        ("[kafka.listeners.declared]\nbreaker.wait = '25s'\n", 25),
    ];
    for (settings, seconds) in waits {
        let gateway = Gateway::default();
        gateway.down.store(true, Ordering::SeqCst);
        let app = kafka.app().listener(declared).state(gateway.clone());
        let app = app.config(settings).start().await;
        let mut events = app.listener("declared").events();
        kafka.send("orders", "1").await;
        kafka.advance("3s").await;
        let opened = std::iter::from_fn(|| events.try_next()).find_map(|event| match &*event {
            ContainerEvent::BreakerOpened { wait, .. } => Some(*wait),
            _ => None,
        });
        assert_eq!(opened, Some(Duration::from_secs(seconds)));
        assert_eq!(gateway.asked.entries().len(), 3);
        gateway.down.store(false, Ordering::SeqCst);
        kafka.advance(Duration::from_secs(seconds)).await;
        app.listener("declared").settled().await.assert_handled(1);
        app.stop().await;
    }
}
