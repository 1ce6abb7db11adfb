//! What a listener may declare beside its topics, and how settings override it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use micro_kafka::error::{Action, ErrorHandler, ListenerError};
use micro_kafka::listener::{AckMode, Delivery};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

mod events;
mod intercepting;
mod programmatic;
mod replying;
mod sources;

fn is_paid(record: &Record) -> bool {
    let status = record.headers().get("status");
    status.is_some_and(|header| header.value == Some(b"paid"))
}

#[kafka_listener(topics = "orders", group_id = "shipping", filter = is_paid)]
async fn ship(order: &str, State(seen): State<Journal<String>>) {
    seen.note(order.to_owned());
}

#[kafka_listener(
    topics = "orders",
    group_id = "shipping-many",
    filter = is_paid,
    ack_mode = "manual",
    batch(max = 3, linger = "0ms")
)]
async fn ship_many(
    orders: Batch<Text>,
    acks: Acknowledgments,
    State(seen): State<Journal<String>>,
) {
    orders.values().for_each(|order| {
        seen.note(order.clone());
    });
    acks.acknowledge();
}

async fn send(kafka: &EmbeddedKafka, order: &str, status: &str) {
    kafka.send("orders", order).header("status", status).await;
}

#[kafka_test(topics = ["orders"])]
async fn filtered_records_are_done_and_counted(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(ship).listener(ship_many);
    let app = app.state(seen.clone()).start().await;
    for (order, status) in [("a", "new"), ("b", "paid"), ("c", "new"), ("d", "new")] {
        send(&kafka, order, status).await;
    }
    for id in ["ship", "ship_many"] {
        let settled = app.listener(id).settled().await;
        settled.assert_handled(1);
        assert_eq!(settled.stats.filtered, 3, "{id}");
    }
    assert_eq!(seen.entries(), ["b", "b"]);
    for group in ["shipping", "shipping-many"] {
        assert_eq!(kafka.committed(group, "orders").await[&0], 4, "{group}");
    }
}

fn shrug(_: &Delivery, _: &ListenerError) -> Action {
    Action::Skip
}

/// Tries everything once more.
#[derive(Debug)]
struct Patient;

impl ErrorHandler for Patient {
    fn handle(&self, delivery: &Delivery, _: &ListenerError) -> Action {
        match delivery.attempt() {
            1 => Action::RetryAfter(Duration::ZERO),
            _ => Action::Skip,
        }
    }
}

#[kafka_listener(topics = "orders", group_id = "careless", error_handler = shrug)]
async fn careless() -> Result<(), String> {
    Err("no".to_owned())
}

#[kafka_listener(topics = "orders", group_id = "patient", error_handler = "patient")]
async fn patient() -> Result<(), String> {
    Err("no".to_owned())
}

#[kafka_test(topics = ["orders"])]
async fn a_listener_may_have_an_error_handler_of_its_own(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(careless).listener(patient);
    let app = app.named_error_handler("patient", Patient).start().await;
    send(&kafka, "a", "new").await;
    app.listener("careless").settled().await.assert_attempts(1);
    app.listener("patient").settled().await.assert_attempts(2);
    assert!(kafka.dlt("orders").all().is_empty());
}

#[kafka_test(topics = ["orders"])]
async fn settings_name_the_error_handler_and_a_wrong_name_is_a_boot_error(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(careless);
    let app = app.set("kafka.listeners.careless.error-handler", "patient");
    let app = app.named_error_handler("patient", Patient).start().await;
    send(&kafka, "a", "new").await;
    app.listener("careless").settled().await.assert_attempts(2);
    let unknown = kafka.app().listener(patient).try_start().await.unwrap_err();
    let unknown = unknown.to_string();
    assert!(unknown.contains("no error handler `patient`"), "{unknown}");
    assert!(unknown.contains("declaring/main.rs:"), "{unknown}");
}

#[kafka_listener(
    topics = "orders",
    id = "eu",
    group_id = "labels-eu",
    info = "Europe",
    container = "careful"
)]
#[kafka_listener(
    topics = "orders",
    id = "us",
    group_id = "labels-us",
    info = "America",
    client_id_prefix = "labels"
)]
async fn label(Info(region): Info, State(seen): State<Journal<String>>) {
    seen.note(region.to_string());
}

#[kafka_test(topics = ["orders"])]
async fn one_function_is_two_listeners_which_know_who_they_are(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(label).state(seen.clone());
    let app = app.config(
        "[kafka.containers.careful]\nack-mode = 'record'\nconcurrency = 2\n\
         [kafka.listener]\nack-mode = 'count'\ncommit-count = 5\n\
         [kafka.listeners.eu]\nconcurrency = 1\n",
    );
    let app = app.start().await;
    send(&kafka, "a", "new").await;
    app.listener("eu").settled().await.assert_handled(1);
    seen.reaches(2).await;
    let mut regions = seen.entries();
    regions.sort();
    assert_eq!(regions, ["America", "Europe"]);
    let (eu, us) = (app.listener("eu"), app.listener("us"));
    assert_eq!(eu.endpoint().ack_mode, AckMode::Record, "by its container");
    assert_eq!(eu.endpoint().concurrency, 1, "by its own table");
    assert_eq!(
        us.endpoint().ack_mode,
        AckMode::Count,
        "by the common table"
    );
    assert_eq!(us.endpoint().client_id, "labels");
}

#[kafka_test(topics = ["orders"])]
async fn a_container_that_does_not_exist_is_a_boot_error(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(label);
    let app = app.config("[kafka.containers.carefull]\nconcurrency = 2\n");
    let error = app.try_start().await.unwrap_err().to_string();
    assert!(
        error.contains("no table [kafka.containers.careful]"),
        "{error}"
    );
    assert!(error.contains("did you mean \"carefull\"?"), "{error}");
}

#[kafka_listener(topics = "orders", group_id = "elsewhere", batch)]
async fn many(orders: Batch<Text>) {
    drop(orders);
}

#[kafka_test(topics = ["orders"])]
async fn what_code_and_settings_cannot_both_have_is_found_at_boot(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(many).listener(careless);
    let app = app
        .set("kafka.listeners.many.order", "key")
        .set("kafka.listeners.careless.send-to", "ledger");
    let error = app.try_start().await.unwrap_err().to_string();
    assert!(error.contains("2 problems"), "{error}");
    assert!(
        error.contains("keeps the order of its partitions"),
        "{error}"
    );
    assert!(error.contains("returns nothing to send"), "{error}");
}
