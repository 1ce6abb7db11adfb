//! Retries that keep the order of keys.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod killing;
mod many;
mod moving;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use micro_kafka::listener::{ContainerEvent, EventStream};
use micro_kafka::prelude::*;
use micro_kafka_test::TestApp;
use micro_kafka_test::prelude::*;

/// A record that fails until an attempt, as in `a1 fails 2`.
#[derive(Debug, thiserror::Error, Classify)]
enum BillError {
    #[error("not yet")]
    #[kafka(retry)]
    NotYet,
    #[error("never")]
    #[kafka(dead_letter)]
    Never,
}

#[derive(Debug, Clone, Default)]
struct Bills {
    calls: Journal<(String, u32)>,
    down: Arc<AtomicBool>,
    done: killing::Done,
}

impl Bills {
    fn take(&self, bill: &str, attempt: u32) -> Result<(), BillError> {
        let mut words = bill.split(' ');
        let name = words.next().unwrap();
        self.calls.note((name.to_owned(), attempt));
        if self.down.load(Ordering::Relaxed) {
            return Err(BillError::NotYet);
        }
        match (words.next(), words.next()) {
            (Some("never"), _) => Err(BillError::Never),
            (_, Some(times)) if attempt <= times.parse().unwrap() => Err(BillError::NotYet),
            _ => {
                self.done.note(name);
                Ok(())
            }
        }
    }

    /// In which order the records were handled, attempts apart.
    fn order(&self) -> Vec<String> {
        let mut order: Vec<String> = Vec::new();
        for (name, _) in self.calls.entries() {
            if !order.contains(&name) {
                order.push(name);
            }
        }
        order
    }
}

#[kafka_listener(topics = "bills", group_id = "billing", order = "key", parallelism = 8)]
#[retryable(attempts = 4, backoff = "1m..1h x5", order = "key")]
async fn charge(bill: &str, attempt: Attempt, State(bills): State<Bills>) -> Result<(), BillError> {
    bills.take(bill, attempt.non_blocking())
}

async fn send(kafka: &EmbeddedKafka, bills: &[&str]) {
    for bill in bills {
        // The first letter is the key.
        kafka
            .send("bills", *bill)
            .key(&bill[..1])
            .partition(0)
            .await;
    }
}

/// How many copies there are, or were.
async fn in_line(kafka: &EmbeddedKafka) -> i64 {
    let ends = kafka.admin().end_offsets("bills-retry-ordered").await;
    ends.unwrap().values().sum()
}

fn calls(all: &[(&str, u32)]) -> Vec<(String, u32)> {
    let calls = all.iter();
    calls
        .map(|(name, attempt)| ((*name).to_owned(), *attempt))
        .collect()
}

fn of_key(bills: &Bills, key: &str) -> Vec<(String, u32)> {
    let all = bills.calls.entries().into_iter();
    all.filter(|(name, _)| name.starts_with(key)).collect()
}

#[kafka_test(topics = ["bills"], partitions = 2)]
async fn records_of_a_key_wait_behind_one_in_retry_and_others_flow(kafka: EmbeddedKafka) {
    let bills = Bills::default();
    let app = kafka.app().listener(charge).state(bills.clone());
    let app = app.start().await;
    send(&kafka, &["a1 fails 2", "b1", "a2", "b2", "a3", "b3"]).await;
    bills.calls.reaches(4).await;
    kafka.advance("500ms").await;
    assert_eq!(
        of_key(&bills, "b"),
        calls(&[("b1", 1), ("b2", 1), ("b3", 1)])
    );
    assert_eq!(of_key(&bills, "a"), calls(&[("a1", 1)]));
    kafka.advance("10m").await;
    let settled = app.listener("charge").settled().await;
    settled.assert_handled(6).assert_dead_lettered(0);
    let expected = [("a1", 1), ("a1", 2), ("a1", 3), ("a2", 1), ("a3", 1)];
    assert_eq!(of_key(&bills, "a"), calls(&expected));
    // The fence is down: nothing of the key is parked any more.
    send(&kafka, &["a4"]).await;
    app.listener("charge").settled().await.assert_handled(7);
    assert_eq!(in_line(&kafka).await, 3);
}

#[kafka_test(topics = ["bills"], partitions = 2)]
async fn a_dead_letter_lets_those_behind_it_go_on(kafka: EmbeddedKafka) {
    let bills = Bills::default();
    let app = kafka.app().listener(charge).state(bills.clone());
    let app = app.start().await;
    send(
        &kafka,
        &["a1 fails 9", "a2", "a3 never", "a4 fails 1", "a5"],
    )
    .await;
    kafka.advance("2h").await;
    let settled = app.listener("charge").settled().await;
    settled.assert_dead_lettered(2).assert_handled(3);
    let expected = [
        ("a1", 1),
        ("a1", 2),
        ("a1", 3),
        ("a1", 4),
        ("a2", 1),
        ("a3", 1),
        ("a4", 1),
        ("a4", 2),
        ("a5", 1),
    ];
    assert_eq!(of_key(&bills, "a"), calls(&expected));
    kafka.dlt("bills").assert_count(2);
}

#[kafka_test(topics = ["bills"])]
async fn records_without_a_key_have_no_order_in_retry(kafka: EmbeddedKafka) {
    let bills = Bills::default();
    let app = kafka.app().listener(charge).state(bills.clone());
    let app = app.start().await;
    kafka.send("bills", "x1 fails 1").await;
    kafka.send("bills", "x2").await;
    bills.calls.reaches(2).await;
    kafka.advance("10m").await;
    app.listener("charge").settled().await.assert_handled(2);
    let expected = [("x1", 1), ("x2", 1), ("x1", 2)];
    assert_eq!(of_key(&bills, "x"), calls(&expected));
}

#[kafka_test(topics = ["bills"])]
async fn fenced_keys_and_the_oldest_are_shown(kafka: EmbeddedKafka) {
    let bills = Bills::default();
    let app = kafka.app().listener(charge).state(bills.clone());
    let app = app.start().await;
    assert_eq!(app.listener("charge").fenced_keys().count, 0);
    send(&kafka, &["a1 fails 1"]).await;
    kafka.advance("100ms").await;
    send(&kafka, &["b1 fails 1"]).await;
    bills.calls.reaches(2).await;
    kafka.advance("100ms").await;
    let fenced = app.listener("charge").fenced_keys();
    assert_eq!(fenced.count, 2);
    let oldest = fenced.oldest.unwrap();
    assert_eq!((&*oldest.key, oldest.partition), (&b"a"[..], 0));
    kafka.advance("10m").await;
    app.listener("charge").settled().await.assert_handled(2);
    assert_eq!(app.listener("charge").fenced_keys().count, 0);
}

/// Waits for such an event.
async fn told(events: &mut EventStream, is_it: impl Fn(&ContainerEvent) -> bool) {
    let told = async { while !is_it(&events.next().await.unwrap()) {} };
    let told = tokio::time::timeout(micro_kafka_test::DEADLINE, told).await;
    told.expect("no such event");
}

#[kafka_test(topics = ["bills"])]
async fn a_partition_with_too_many_fenced_keys_is_not_read(kafka: EmbeddedKafka) {
    let bills = Bills::default();
    let app = kafka.app().listener(charge).state(bills.clone());
    let most = "kafka.listeners.charge.retry-topic.max-fenced-keys";
    let app = app.set(most, 2).start().await;
    let mut events = app.listener("charge").events();
    send(&kafka, &["a1 fails 1", "b1 fails 2"]).await;
    told(&mut events, |event| {
        matches!(event, ContainerEvent::FencedIn { partition, keys: 2 } if partition.partition == 0)
    })
    .await;
    send(&kafka, &["c1", "a2"]).await;
    kafka.advance("30s").await;
    assert_eq!(bills.calls.entries(), calls(&[("a1", 1), ("b1", 1)]));
    // The first of them is done: there is room.
    kafka.advance("31s").await;
    let again = |event: &ContainerEvent| matches!(event, ContainerEvent::NoLongerFencedIn { .. });
    told(&mut events, again).await;
    kafka.advance("10m").await;
    app.listener("charge").settled().await.assert_handled(4);
    assert_eq!(of_key(&bills, "c"), calls(&[("c1", 1)]));
    assert_eq!(
        of_key(&bills, "a"),
        calls(&[("a1", 1), ("a1", 2), ("a2", 1)])
    );
}

#[kafka_listener(topics = "bills", group_id = "batches", batch(max = 10))]
#[retryable(order = "key")]
async fn in_batches(bills: Batch<Text>) -> Result<(), String> {
    Err(format!("{} bills", bills.len()))
}

#[kafka_test(topics = ["bills"])]
async fn what_cannot_keep_an_order_is_a_boot_error(kafka: EmbeddedKafka) {
    let error = kafka.app().listener(in_batches).try_start().await;
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("a batch handles records of a key together"),
        "{text}"
    );
    for (key, value, told) in [
        ("order", "none", "`order = \"key\"` or leave it out"),
        ("ack-mode", "manual", "`ack_mode`"),
        ("retry-topic.compat", "spring", "knows nothing of fences"),
        ("retry-topic.partitions", "1", "stay on its partition"),
    ] {
        let app = kafka.app().listener(charge).state(Bills::default());
        let app = app.set(format!("kafka.listeners.charge.{key}"), value);
        let text = app.try_start().await.unwrap_err().to_string();
        assert!(text.contains(told), "{text}");
    }
}

/// What was sent of each key, in its order; what was handled has to be the same.
fn assert_in_order(bills: &Bills, sent: &[String]) {
    let by_key = |names: Vec<String>| {
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in names {
            keys.entry(name[..1].to_owned()).or_default().push(name);
        }
        keys
    };
    let names = sent
        .iter()
        .map(|bill| bill.split(' ').next().unwrap().to_owned());
    assert_eq!(by_key(bills.order()), by_key(names.collect()));
}
