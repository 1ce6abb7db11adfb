//! Handlers that fail release their keys.

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[kafka_listener(
    topics = "orders",
    group_id = "in-place",
    order = "key",
    retry(attempts = 3, backoff = "0s")
)]
#[idempotent(key = "key")]
async fn in_place(
    order: &str,
    attempt: Attempt,
    State(tried): State<Journal<String>>,
) -> Result<(), String> {
    tried.note(format!("{order}.{}", attempt.number()));
    match (order, attempt.number()) {
        ("panics", 1) => panic!("out of luck"),
        (_, 3) => Ok(()),
        _ => Err("not yet".to_owned()),
    }
}

#[kafka_test(topics = ["orders"])]
async fn retries_in_place_run_the_handler_again(kafka: EmbeddedKafka) {
    let tried = Journal::<String>::new();
    let app = kafka.app().listener(in_place).state(tried.clone());
    let app = app.start().await;
    kafka.send("orders", "fails").key("1").await;
    kafka.send("orders", "again").key("1").await;
    app.listener("in_place").settled().await.assert_handled(2);
    assert_eq!(tried.entries(), ["fails.1", "fails.2", "fails.3"]);
    kafka.send("orders", "panics").key("2").await;
    app.listener("in_place").settled().await.assert_handled(3);
    assert_eq!(tried.entries()[3..], ["panics.1", "panics.2", "panics.3"]);
}

#[kafka_listener(topics = "orders", group_id = "by-topics")]
#[retryable(attempts = 3, backoff = "1s")]
#[idempotent(key = "offset")]
async fn by_topics(
    order: &str,
    attempt: Attempt,
    State(tried): State<Journal<String>>,
) -> Result<(), String> {
    tried.note(format!("{order}.{}", attempt.non_blocking()));
    match (order, attempt.non_blocking()) {
        ("late", 1 | 2) | ("never", _) => Err("not yet".to_owned()),
        _ => Ok(()),
    }
}

#[kafka_test(topics = ["orders"], clock = "paused")]
async fn retry_topics_run_it_again_under_the_key_of_the_first_place(kafka: EmbeddedKafka) {
    let tried = Journal::<String>::new();
    let app = kafka.app().listener(by_topics).state(tried.clone());
    let app = app.start().await;
    kafka.send("orders", "late").await;
    kafka.send("orders", "never").await;
    kafka.advance("10s").await;
    app.settled().await;
    let mut entries = tried.entries();
    entries.sort_unstable();
    let expected = [
        "late.1", "late.2", "late.3", "never.1", "never.2", "never.3",
    ];
    assert_eq!(entries, expected);
    kafka
        .dlt("orders")
        .assert_one(|letter| letter.record().payload() == Some(b"never"));
    // The copy that a crash of its writer would leave twice.
    let copies = kafka.topic("orders-retry").value("late");
    let copies = copies.assert_exactly(2).await;
    let copy = copies.iter().last().unwrap();
    let mut again = kafka.send("orders-retry", "late");
    for header in &copy.headers {
        again = again.header(&header.name, header.value.clone().unwrap_or_default());
    }
    again.await;
    kafka.advance("10s").await;
    app.settled().await;
    assert_eq!(tried.entries().len(), expected.len());
}
