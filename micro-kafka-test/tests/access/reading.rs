//! Rights on what is read, and on the group.

use std::time::{Duration, Instant};

use micro_kafka::RunningApp;
use micro_kafka::listener::HealthReason;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

use crate::lists::{On, Operation};
use crate::support::{Access, told, told_after, well};

#[kafka_listener(
    topics = "orders",
    group_id = "billing",
    id = "note",
    recoverer = "log"
)]
async fn note(order: &str, State(orders): State<Journal<String>>) {
    orders.note(order.to_owned());
}

async fn start(kafka: &Access) -> (RunningApp, Journal<String>) {
    let orders = Journal::new();
    let app = KafkaApp::builder()
        .config(kafka.config("[kafka.listener]\nrecoverer = 'log'\n"))
        .listener(note)
        .state(orders.clone());
    (app.build().unwrap().start().await.unwrap(), orders)
}

async fn with_records() -> Option<Access> {
    let kafka = Access::kafka().await?;
    kafka.topics(&["orders"]).await;
    kafka.send("orders", "first").await;
    Some(kafka)
}

async fn goes_on(app: RunningApp, orders: Journal<String>, kafka: &Access) {
    orders.reaches(1).within("120s").await;
    kafka.until_committed("billing", "orders", 1).await;
    well(&app).await;
    assert_eq!(orders.entries(), ["first"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_may_be_seen_but_not_read() {
    let Some(kafka) = with_records().await else {
        return;
    };
    kafka.allow_topic("orders", &[Operation::Describe]);
    kafka.allow_group("billing");
    let (app, orders) = start(&kafka).await;
    let reason = told(&app, &kafka.needs("READ", "topic", "orders")).await;
    assert!(
        matches!(reason, HealthReason::ReadDenied { .. }),
        "{reason}"
    );
    kafka.allow_topic("orders", &[Operation::Read]);
    goes_on(app, orders, &kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_may_not_be_known_of() {
    let Some(kafka) = with_records().await else {
        return;
    };
    kafka.allow_group("billing");
    let began = Instant::now();
    let (app, orders) = start(&kafka).await;
    let needs = kafka.needs("READ", "topic", "orders");
    let restarts = |reason: &HealthReason| match reason {
        HealthReason::Restarting { attempt, .. } => Some(*attempt),
        _ => None,
    };
    // After waits of one and two seconds.
    told_after(&app, &needs, 3, restarts).await;
    assert!(began.elapsed() >= Duration::from_secs(3));
    kafka.allow_topic("orders", &[Operation::Read]);
    goes_on(app, orders, &kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_may_not_be_joined() {
    let Some(kafka) = with_records().await else {
        return;
    };
    kafka.allow_topic("orders", &[Operation::Read]);
    let (app, orders) = start(&kafka).await;
    told(&app, &kafka.needs("READ", "group", "billing")).await;
    // Its coordinator may be asked for, and refuses.
    kafka.allow(On::Group(&kafka.wire("billing")), Operation::Describe);
    told(&app, &kafka.needs("READ", "group", "billing")).await;
    kafka.allow_group("billing");
    goes_on(app, orders, &kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_taken_away_while_it_runs() {
    let Some(kafka) = with_records().await else {
        return;
    };
    kafka.allow_topic("orders", &[Operation::Read]);
    kafka.allow_group("billing");
    let (app, orders) = start(&kafka).await;
    orders.reaches(1).within("120s").await;
    kafka.until_committed("billing", "orders", 1).await;

    let topic = kafka.wire("orders");
    kafka.forbid(On::Topic(&topic), Operation::Read);
    told(&app, &kafka.needs("READ", "topic", "orders")).await;
    kafka.send("orders", "second").await;
    kafka.allow(On::Topic(&topic), Operation::Read);
    orders.reaches(2).within("120s").await;
    kafka.until_committed("billing", "orders", 2).await;
    well(&app).await;

    let group = kafka.wire("billing");
    kafka.forbid(On::Group(&group), Operation::Read);
    kafka.send("orders", "third").await;
    let reason = told(&app, &kafka.needs("READ", "group", "billing")).await;
    assert!(
        matches!(reason, HealthReason::CommitDenied { .. }),
        "{reason}"
    );
    assert_eq!(kafka.committed("billing", "orders").await, Some(2));
    kafka.allow(On::Group(&group), Operation::Read);
    kafka.until_committed("billing", "orders", 3).await;
    well(&app).await;
    assert_eq!(orders.entries(), ["first", "second", "third"]);
    app.stop().await;
}
