//! Attempts that take too long.

use std::sync::Arc;

use micro_kafka::listener::{AttemptTimeout, CancelReason};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use tokio::sync::Notify;

/// Who has heard of the end of an attempt, and in which one.
type Heard = Journal<(u32, CancelReason)>;

#[kafka_listener(
    topics = "orders",
    group_id = "slow",
    timeout = "40ms",
    retry(attempts = 2, backoff = "0s")
)]
async fn slow(order: &str, cancel: Cancel, attempt: Attempt, State(heard): State<Heard>) {
    if order == "quick" {
        return;
    }
    let number = attempt.number();
    // What a handler has begun elsewhere hears of it too.
    tokio::spawn(async move { heard.note((number, cancel.cancelled().await)) });
    std::future::pending().await
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn an_attempt_that_takes_too_long_fails_by_an_error_of_its_own(kafka: EmbeddedKafka) {
    let heard = Heard::new();
    let app = kafka.app().listener(slow).state(heard.clone());
    let app = app.start().await;
    kafka.send("orders", "for ever").await;
    kafka.send("orders", "quick").await;
    let settled = app.listener("slow").settled().await;
    settled.assert_dead_lettered(1).assert_handled(1);
    settled.assert_attempts(3);
    let told = heard.reaches(2).await;
    let over = CancelReason::TimedOut;
    assert_eq!(told, [(1, over), (2, over)]);
    kafka.dlt("orders").assert_one(|letter| {
        let failure = letter.failure();
        failure.error_type == Some(std::any::type_name::<AttemptTimeout>().to_owned())
            && failure
                .message
                .as_deref()
                .is_some_and(|text| text.contains("40 ms"))
            && letter.record().payload() == Some(b"for ever")
    });
}

#[kafka_listener(topics = "orders", group_id = "waiting", timeout = "1h")]
async fn waiting(_: &str, State(go_on): State<Arc<Notify>>) {
    go_on.notified().await;
}

#[kafka_test(topics = ["orders"])]
async fn a_limit_that_is_not_reached_changes_nothing(kafka: EmbeddedKafka) {
    let go_on = Arc::new(Notify::new());
    let app = kafka.app().listener(waiting).state(Arc::clone(&go_on));
    let app = app.start().await;
    kafka.send("orders", "one").await;
    go_on.notify_one();
    let settled = app.listener("waiting").settled().await;
    settled.assert_attempts(1).assert_handled(1);
}

#[kafka_listener(
    topics = "orders",
    group_id = "blocking",
    dispatch = "blocking",
    timeout = "20ms"
)]
async fn blocking(_: &str, cancel: Cancel) {
    while !cancel.is_cancelled() {
        std::thread::yield_now();
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_handler_that_blocks_is_asked_to_end_and_what_it_returns_counts(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(blocking).start().await;
    kafka.send("orders", "one").await;
    let settled = app.listener("blocking").settled().await;
    settled.assert_attempts(1).assert_handled(1);
}

#[kafka_listener(
    topics = "orders",
    group_id = "many",
    batch(max = 2, linger = "1h"),
    retry(attempts = 1)
)]
async fn many(orders: Batch<Text>) {
    if orders.iter().any(|order| order.value().0 == "for ever") {
        std::future::pending::<()>().await;
    }
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn a_batch_that_takes_too_long_fails_for_all_its_records(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(many);
    let app = app
        .set("kafka.listeners.many.timeout", "30ms")
        .start()
        .await;
    for order in ["one", "for ever", "two", "three"] {
        kafka.send("orders", order).await;
    }
    let settled = app.listener("many").settled().await;
    settled.assert_dead_lettered(2).assert_handled(2);
}
