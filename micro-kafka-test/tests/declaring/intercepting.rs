//! Who looks on at each attempt.

use micro_kafka::error::ListenerError;
use micro_kafka::listener::{Delivery, Interceptor};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// Notes all that it is told, under a name.
#[derive(Debug)]
struct Notes(&'static str, Journal<String>);

impl Notes {
    fn note(&self, delivery: &Delivery, what: &str) {
        let (offset, attempt) = (delivery.record().offset(), delivery.attempt());
        self.1.note(format!("{} {offset}.{attempt} {what}", self.0));
    }
}

impl Interceptor for Notes {
    fn before(&self, delivery: &Delivery) {
        self.note(delivery, "begins");
    }

    fn after(&self, delivery: &Delivery, result: Result<(), &ListenerError>) {
        match result {
            Ok(()) => self.note(delivery, "done"),
            Err(error) => self.note(delivery, &error.to_string()),
        }
        assert_ne!(self.0, "b", "a panic changes nothing");
    }
}

#[kafka_listener(topics = "orders", group_id = "single")]
async fn single(order: &str, attempt: Attempt) -> Result<(), String> {
    tokio::task::yield_now().await;
    match (order, attempt.number()) {
        ("late", 1) => Err("not yet".to_owned()),
        _ => Ok(()),
    }
}

#[kafka_test(topics = ["orders"])]
async fn each_attempt_is_told_in_the_order_of_the_interceptors(kafka: EmbeddedKafka) {
    let told = Journal::<String>::new();
    let app = kafka.app().listener(single);
    let app = app.interceptor(Notes("a", told.clone()));
    let app = app.interceptor(Notes("b", told.clone())).start().await;
    kafka.send("orders", "late").await;
    app.listener("single").settled().await.assert_handled(1);
    let attempt = |attempt, end| {
        ["a", "b"]
            .map(|name| format!("{name} 0.{attempt} begins"))
            .into_iter()
            .chain(["b", "a"].map(|name| format!("{name} 0.{attempt} {end}")))
    };
    let expected = attempt(1, "not yet").chain(attempt(2, "done"));
    assert!(told.entries().into_iter().eq(expected), "{told:?}");
}

#[kafka_listener(topics = "orders", group_id = "many", batch(max = 2, linger = "1h"))]
async fn many(orders: Batch<Text>) -> BatchResult<String> {
    orders.settle(orders.values().map(|order| match &**order {
        "bad" => Err("refused".to_owned()),
        _ => Ok(()),
    }))
}

#[kafka_test(topics = ["orders"])]
async fn the_records_of_a_batch_are_told_one_by_one(kafka: EmbeddedKafka) {
    let told = Journal::<String>::new();
    let app = kafka.app().listener(many);
    let app = app.interceptor(Notes("a", told.clone()));
    let app = app.set("kafka.listeners.many.retry.attempts", 1);
    let app = app.start().await;
    kafka.send("orders", "good").await;
    kafka.send("orders", "bad").await;
    app.listener("many")
        .settled()
        .await
        .assert_handled(1)
        .assert_dead_lettered(1);
    assert_eq!(
        told.entries(),
        [
            "a 0.1 begins",
            "a 1.1 begins",
            "a 0.1 done",
            "a 1.1 refused"
        ]
    );
}
