//! Which records wait for one another, and where handlers run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use tokio::sync::Semaphore;

/// A record that was handled.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Handled {
    key: String,
    offset: i64,
}

type Records = Journal<Handled>;

/// How many handlers are at work, and how many were at most.
#[derive(Debug, Clone, Default)]
struct AtWork {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl AtWork {
    fn begin(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    fn end(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[kafka_listener(topics = "orders", group_id = "keyed", order = "key", parallelism = 20)]
async fn keyed(
    Key(key): Key<&str>,
    meta: Meta,
    State(records): State<Records>,
    State(work): State<AtWork>,
) {
    work.begin();
    // The later records of a key would be sooner done, if they were let.
    let wait = 6_u64.saturating_sub(meta.offset().cast_unsigned() / 40);
    tokio::time::sleep(Duration::from_millis(wait)).await;
    work.end();
    records.note(Handled {
        key: key.to_owned(),
        offset: meta.offset(),
    });
}

async fn send(kafka: &EmbeddedKafka, count: u32, keys: u32) {
    let mut deliveries = Vec::new();
    for number in 0..count {
        let send = kafka.template().send("orders", "x").partition(0);
        let send = send.key(format!("k{}", number % keys));
        deliveries.push(send.queue().await.unwrap());
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
}

#[kafka_test(topics = ["orders"])]
async fn keys_go_on_side_by_side_and_each_in_order(kafka: EmbeddedKafka) {
    let (records, work) = (Records::new(), AtWork::default());
    let app = kafka.app().listener(keyed).state(records.clone());
    let app = app.state(work.clone()).start().await;
    send(&kafka, 300, 30).await;
    app.listener("keyed").settled().await.assert_handled(300);
    let mut by_key = BTreeMap::<String, Vec<i64>>::new();
    for record in records.entries() {
        by_key.entry(record.key).or_default().push(record.offset);
    }
    assert_eq!(by_key.len(), 30);
    for (key, offsets) in by_key {
        assert_eq!(offsets.len(), 10, "{key}: {offsets:?}");
        assert!(offsets.is_sorted(), "{key}: {offsets:?}");
    }
    let most = work.most.load(Ordering::SeqCst);
    assert!((2..=20).contains(&most), "{most} at once");
    assert_eq!(kafka.committed("keyed", "orders").await[&0], 300);
}

/// Holds the records of one key.
#[derive(Debug, Clone)]
struct Gate(Arc<Semaphore>);

#[kafka_listener(topics = "orders", group_id = "stuck", order = "key", parallelism = 8)]
async fn stuck(
    Key(key): Key<&str>,
    meta: Meta,
    State(gate): State<Gate>,
    State(records): State<Records>,
) {
    if key == "k0" {
        gate.0.acquire().await.unwrap().forget();
    }
    records.note(Handled {
        key: key.to_owned(),
        offset: meta.offset(),
    });
}

#[kafka_test(topics = ["orders"], config = "[kafka.listener]\nmax-uncommitted = 200")]
async fn a_stuck_key_holds_back_only_so_many_records(kafka: EmbeddedKafka) {
    let (gate, records) = (Gate(Arc::new(Semaphore::new(0))), Records::new());
    let app = kafka.app().listener(stuck).state(gate.clone());
    let app = app.state(records.clone()).start().await;
    send(&kafka, 1_000, 4).await;
    records.reaches(150).await;
    let progress = app.listener("stuck").progress().await;
    assert_eq!(progress[0].unfinished, 200);
    assert_eq!(records.entries().len(), 150, "of 200 a quarter is stuck");
    gate.0.add_permits(1_000);
    app.listener("stuck").settled().await.assert_handled(1_000);
    assert_eq!(kafka.committed("stuck", "orders").await[&0], 1_000);
}

#[kafka_listener(
    topics = "orders",
    group_id = "blocking",
    order = "none",
    parallelism = 4,
    dispatch = "blocking"
)]
async fn blocking(
    Key(key): Key<&str>,
    meta: Meta,
    State(work): State<AtWork>,
    State(records): State<Records>,
) {
    work.begin();
    #[allow(
        clippy::disallowed_methods,
        reason = "a handler that blocks is what is tested"
    )]
    std::thread::sleep(Duration::from_millis(2));
    work.end();
    records.note(Handled {
        key: key.to_owned(),
        offset: meta.offset(),
    });
}

#[kafka_test(topics = ["orders"])]
async fn handlers_that_block_have_threads_of_their_own(kafka: EmbeddedKafka) {
    let (records, work) = (Records::new(), AtWork::default());
    let app = kafka.app().listener(blocking).state(records.clone());
    let app = app.state(work.clone()).start().await;
    send(&kafka, 60, 1).await;
    app.listener("blocking").settled().await.assert_handled(60);
    let most = work.most.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} at once");
}

#[kafka_listener(
    topics = "orders",
    group_id = "computing",
    order = "key",
    parallelism = 4,
    dispatch = "spawn"
)]
async fn computing(order: &str, meta: Meta, State(records): State<Records>) -> Result<(), String> {
    let name = std::thread::current().name().unwrap_or("").to_owned();
    records.note(Handled {
        key: name,
        offset: meta.offset(),
    });
    if order == "panic" {
        panic!("as planned");
    }
    Ok(())
}

#[kafka_test(topics = ["orders"])]
async fn handlers_that_compute_leave_the_consumers_thread(kafka: EmbeddedKafka) {
    let records = Records::new();
    let app = kafka.app().listener(computing).state(records.clone());
    let app = app.set("kafka.listeners.computing.retry.attempts", 1);
    let app = app.start().await;
    send(&kafka, 20, 5).await;
    kafka.send("orders", "panic").key("k0").partition(0).await;
    send(&kafka, 20, 5).await;
    app.listener("computing").settled().await.assert_handled(40);
    let threads = records.entries().into_iter().map(|record| record.key);
    let own = threads.filter(|name| name.starts_with("kafka-computing"));
    assert_eq!(own.count(), 0);
    assert_eq!(kafka.committed("computing", "orders").await[&0], 41);
}
