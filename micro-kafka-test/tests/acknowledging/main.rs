//! When offsets are committed, and what is delivered again if they are not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use micro_kafka::admin::KafkaAdmin;
use micro_kafka::prelude::*;
use micro_kafka_test::Wait;
use micro_kafka_test::prelude::*;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

type Payloads = Journal<String>;

#[derive(Clone)]
struct Admin(KafkaAdmin);

/// What the group had committed while a record was handled.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    offset: i64,
    committed: Option<i64>,
}

#[kafka_listener(topics = "orders", group_id = "audit", ack_mode = "record")]
async fn audit(meta: Meta, State(admin): State<Admin>, State(seen): State<Journal<Seen>>) {
    let committed = admin.0.committed_offsets("audit").await.unwrap();
    let committed = committed
        .into_iter()
        .find(|(place, _)| place.topic == "orders");
    seen.note(Seen {
        offset: meta.offset(),
        committed: committed.map(|(_, offset)| offset),
    });
}

#[kafka_listener(topics = "orders", group_id = "index")]
async fn index(order: &str, State(payloads): State<Payloads>) {
    payloads.note(order.to_owned());
}

/// Lets records through one by one.
#[derive(Debug, Clone)]
struct Gate(Arc<Semaphore>);

#[kafka_listener(topics = "orders", group_id = "gated")]
async fn gated(order: &str, State(gate): State<Gate>, State(payloads): State<Payloads>) {
    payloads.note(order.to_owned());
    gate.0.acquire().await.unwrap().forget();
}

/// What handlers left for later.
type Kept = Arc<Mutex<Vec<Acknowledgment>>>;

#[kafka_listener(topics = "orders", group_id = "manual", ack_mode = "manual")]
async fn settle(
    order: &str,
    ack: Acknowledgment,
    State(kept): State<Kept>,
    State(payloads): State<Payloads>,
) {
    payloads.note(order.to_owned());
    match order {
        "later" => kept.lock().push(ack),
        "never" => drop(ack),
        _ => ack.acknowledge(),
    }
}

async fn send(kafka: &EmbeddedKafka, payloads: &[&str]) {
    for payload in payloads {
        kafka.send("orders", *payload).await;
    }
}

/// Waits until the group has committed this offset: commits are sent, not awaited.
#[track_caller]
fn commits<'a>(kafka: &'a EmbeddedKafka, group: &str, offset: i64) -> Wait<'a, ()> {
    let committed = (offset > 0).then_some((0, offset));
    kafka.group(group).assert_committed("orders", committed)
}

#[kafka_test(topics = ["orders"])]
async fn record_mode_commits_each_record_before_the_next_begins(kafka: EmbeddedKafka) {
    send(&kafka, &["a", "b", "c", "d"]).await;
    let seen = Journal::<Seen>::new();
    let app = kafka.app().listener(audit).state(Admin(kafka.admin()));
    let app = app.state(seen.clone()).start().await;
    app.listener("audit").settled().await.assert_handled(4);
    for (offset, seen) in (0..).zip(seen.entries()) {
        assert_eq!(seen.offset, offset);
        assert_eq!(seen.committed.unwrap_or(0), offset, "at record {offset}");
    }
    commits(&kafka, "audit", 4).await;
}

#[kafka_test(topics = ["orders"])]
async fn batch_mode_commits_what_was_read_together_at_once(kafka: EmbeddedKafka) {
    let orders = vec!["x"; 400];
    send(&kafka, &orders).await;
    let app = kafka
        .app()
        .listener(index)
        .state(Payloads::new())
        .start()
        .await;
    let settled = app.listener("index").settled().await;
    settled.assert_handled(400);
    assert!(settled.stats.commits <= 40, "{:?}", settled.stats);
    commits(&kafka, "index", 400).await;
}

#[kafka_test(topics = ["orders"])]
async fn a_batch_that_takes_long_is_committed_in_parts(kafka: EmbeddedKafka) {
    send(&kafka, &["a", "b", "c", "d", "e"]).await;
    let gate = Gate(Arc::new(Semaphore::new(3)));
    let app = kafka
        .app()
        .listener(gated)
        .set("kafka.listener.commit-interval", "50ms");
    let app = app.state(gate.clone()).state(Payloads::new()).start().await;
    commits(&kafka, "gated", 3).await;
    gate.0.add_permits(2);
    app.listener("gated").settled().await.assert_handled(5);
    commits(&kafka, "gated", 5).await;
}

#[kafka_test(topics = ["orders"])]
async fn a_late_acknowledgement_holds_back_the_commit_and_not_the_reading(kafka: EmbeddedKafka) {
    let (payloads, kept) = (Payloads::new(), Kept::default());
    let app = kafka.app().listener(settle).state(Arc::clone(&kept));
    let app = app.state(payloads.clone()).start().await;
    send(&kafka, &["a", "b", "later", "c", "d"]).await;
    app.quiet().await;
    assert_eq!(payloads.entries().len(), 5);
    commits(&kafka, "manual", 2).await;
    kept.lock().drain(..).for_each(Acknowledgment::acknowledge);
    app.listener("settle").settled().await;
    commits(&kafka, "manual", 5).await;
}

#[kafka_test(topics = ["orders"])]
async fn an_unacknowledged_record_comes_again_with_all_behind_it(kafka: EmbeddedKafka) {
    let payloads = Payloads::new();
    let build = || {
        let app = kafka.app().listener(settle).state(Kept::default());
        app.state(payloads.clone())
    };
    let app = build().start().await;
    send(&kafka, &["a", "never", "b"]).await;
    app.quiet().await;
    app.stop().await;
    commits(&kafka, "manual", 1).await;
    let app = build().start().await;
    app.quiet().await;
    app.stop().await;
    assert_eq!(payloads.entries(), ["a", "never", "b", "never", "b"]);
    commits(&kafka, "manual", 1).await;
}

#[kafka_test(topics = ["orders"])]
async fn an_acknowledgement_of_a_former_assignment_is_void(kafka: EmbeddedKafka) {
    let (payloads, kept) = (Payloads::new(), Kept::default());
    let build = || {
        let app = kafka.app().listener(settle);
        app.state(payloads.clone()).state(Arc::clone(&kept))
    };
    let app = build().start().await;
    send(&kafka, &["later"]).await;
    payloads.reaches(1).await;
    app.stop().await;
    let app = build().start().await;
    payloads.reaches(2).await;
    let old = kept.lock().remove(0);
    old.acknowledge();
    app.quiet().await;
    app.stop().await;
    commits(&kafka, "manual", 0).await;
}

#[kafka_test(topics = ["orders"])]
async fn auto_commit_tells_what_was_handled_and_never_what_was_read(kafka: EmbeddedKafka) {
    send(&kafka, &["a", "b", "c", "d", "e"]).await;
    let (gate, payloads) = (Gate(Arc::new(Semaphore::new(3))), Payloads::new());
    let settings = "[kafka.consumer]\nenable-auto-commit = true\nauto-commit-interval = '20ms'";
    let app = kafka.app().listener(gated).config(settings);
    let app = app
        .state(gate.clone())
        .state(payloads.clone())
        .start()
        .await;
    payloads.reaches(4).await;
    commits(&kafka, "gated", 3).await;
    gate.0.add_permits(1);
    payloads.reaches(5).await;
    commits(&kafka, "gated", 4).await;
    commits(&kafka, "gated", 4).await;
    gate.0.add_permits(1);
    app.listener("gated").settled().await.assert_handled(5);
    commits(&kafka, "gated", 5).await;
}

#[kafka_test(topics = ["orders"])]
async fn auto_commit_waits_for_its_interval_or_the_stop(kafka: EmbeddedKafka) {
    let payloads = Payloads::new();
    let settings = "[kafka.consumer]\nenable-auto-commit = true\nauto-commit-interval = '1h'";
    let app = kafka.app().listener(index).config(settings);
    let app = app.state(payloads.clone()).start().await;
    send(&kafka, &["a", "b"]).await;
    app.listener("index").settled().await.assert_handled(2);
    commits(&kafka, "index", 0).await;
    kafka.advance("1h").await;
    commits(&kafka, "index", 2).await;
    send(&kafka, &["c"]).await;
    app.listener("index").settled().await.assert_handled(3);
    commits(&kafka, "index", 2).await;
    app.stop().await;
    commits(&kafka, "index", 3).await;
}

/// When which delivery of a record began.
type Deliveries = Journal<(i32, i64, u32, std::time::Instant)>;

#[kafka_listener(
    topics = "orders",
    group_id = "refusing",
    ack_mode = "manual-immediate"
)]
async fn refuse(
    meta: Meta,
    order: &str,
    attempt: Attempt,
    ack: Acknowledgment,
    State(deliveries): State<Deliveries>,
) {
    let now = std::time::Instant::now();
    deliveries.note((meta.partition(), meta.offset(), attempt.number(), now));
    match order {
        "refused" if attempt.is_first() => ack.nack(Duration::from_millis(300)),
        _ => ack.acknowledge(),
    }
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn a_refused_record_comes_again_after_its_delay_and_only_its_partition_waits(
    kafka: EmbeddedKafka,
) {
    let deliveries = Deliveries::new();
    let app = kafka.app().listener(refuse).state(deliveries.clone());
    let app = app.start().await;
    for order in ["a", "refused", "b"] {
        kafka.send("orders", order).partition(0).await;
    }
    deliveries.reaches(2).await;
    kafka.send("orders", "c").partition(1).await;
    app.listener("refuse").settled().await;
    let all = deliveries.entries();
    let order = all
        .iter()
        .map(|(partition, offset, attempt, _)| (*partition, *offset, *attempt));
    let of_first = order.clone().filter(|(partition, ..)| *partition == 0);
    let expected = [(0, 0, 1), (0, 1, 1), (0, 1, 2), (0, 2, 1)];
    assert_eq!(of_first.collect::<Vec<_>>(), expected);
    let at = |wanted| {
        let place = order.clone().position(|delivery| delivery == wanted);
        all[place.unwrap()].3
    };
    let waited = at((0, 1, 2)) - at((0, 1, 1));
    // Late under load, early never.
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    assert!(at((1, 0, 1)) < at((0, 1, 2)), "the other partition waited");
    let committed = kafka.committed("refusing", "orders").await;
    assert_eq!((committed[&0], committed[&1]), (3, 1));
}

#[kafka_listener(topics = "orders", group_id = "exact", ack_mode = "manual")]
async fn exact(meta: Meta, attempt: Attempt, ack: Acknowledgment, State(all): State<Deliveries>) {
    let now = std::time::Instant::now();
    all.note((meta.partition(), meta.offset(), attempt.number(), now));
    match attempt.is_first() {
        true => ack.nack(Duration::from_millis(60)),
        false => ack.acknowledge(),
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_refused_record_comes_again_on_the_millisecond(kafka: EmbeddedKafka) {
    let deliveries = Deliveries::new();
    let app = kafka.app().listener(exact).state(deliveries.clone());
    let app = app.start().await;
    send(&kafka, &["x"; 9]).await;
    app.listener("exact").settled().await;
    let all = deliveries.entries();
    assert_eq!(all.len(), 18);
    let waits = all.chunks(2).map(|pair| pair[1].3 - pair[0].3);
    let mut waits = waits.collect::<Vec<_>>();
    waits.sort();
    let (delay, tolerance) = (Duration::from_millis(60), Duration::from_millis(20));
    assert!(waits[0] >= delay, "{waits:?}");
    // The median: other tests have the processor at times.
    assert!(waits[4] <= delay + tolerance, "{waits:?}");
}
