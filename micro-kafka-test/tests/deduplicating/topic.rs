//! Keys in a compacted topic.

use std::sync::Arc;

use micro_kafka::admin::NewTopic;
use micro_kafka::prelude::*;
use micro_kafka_broker::fault::{ApiKey, ErrorCode};
use micro_kafka_test::prelude::*;
use tokio::sync::Semaphore;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = header("event-id"), store = "topic", window = "1h")]
async fn bill(order: &str, State(billed): State<Journal<String>>) {
    billed.note(order.to_owned());
}

async fn billing(kafka: &EmbeddedKafka, billed: &Journal<String>) -> TestApp {
    let app = kafka.app().listener(bill).state(billed.clone());
    app.start().await
}

async fn send(kafka: &EmbeddedKafka, order: &str, id: &str, partition: i32) {
    let sent = kafka.send("orders", order).header("event-id", id);
    sent.partition(partition).await;
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn keys_survive_a_restart(kafka: EmbeddedKafka) {
    let billed = Journal::<String>::new();
    let app = billing(&kafka, &billed).await;
    for partition in 0..3 {
        send(&kafka, "first", &format!("id-{partition}"), partition).await;
    }
    app.listener("bill").settled().await.assert_handled(3);
    app.stop().await;
    let configs = kafka.admin().topic_configs(&["billing-seen"]).await;
    let configs = &configs.unwrap()["billing-seen"];
    assert_eq!(configs["cleanup.policy"].as_deref(), Some("compact"));
    let count = kafka.admin().partition_count("billing-seen").await;
    assert_eq!(count.unwrap(), Some(3), "as many as the source has");
    let app = billing(&kafka, &billed).await;
    for partition in 0..3 {
        send(&kafka, "again", &format!("id-{partition}"), partition).await;
        send(&kafka, "second", &format!("new-{partition}"), partition).await;
    }
    app.listener("bill").settled().await.assert_handled(6);
    assert_eq!(app.containers()[0].stats().duplicates, 3);
    let mut entries = billed.entries();
    entries.sort();
    assert_eq!(entries, [["first"; 3], ["second"; 3]].concat());
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn whoever_gets_a_partition_knows_its_keys(kafka: EmbeddedKafka) {
    let billed = Journal::<String>::new();
    let first = billing(&kafka, &billed).await;
    for partition in 0..4 {
        send(&kafka, "once", &format!("id-{partition}"), partition).await;
    }
    first.listener("bill").settled().await.assert_handled(4);
    // Both members have two partitions then.
    let second = billing(&kafka, &billed).await;
    for partition in 0..4 {
        send(&kafka, "again", &format!("id-{partition}"), partition).await;
        send(&kafka, "more", &format!("more-{partition}"), partition).await;
    }
    kafka.group("billing").assert_lag("orders", 0).await;
    let moved = second.containers()[0].stats();
    assert!(moved.duplicates >= 1 && moved.duplicates < 4, "{moved:?}");
    // And back again: the first has never seen what the second has handled.
    second.stop().await;
    for partition in 0..4 {
        send(
            &kafka,
            "a third time",
            &format!("more-{partition}"),
            partition,
        )
        .await;
    }
    first.listener("bill").settled().await;
    let mut entries = billed.entries();
    entries.sort();
    assert_eq!(entries, [["more"; 4], ["once"; 4]].concat());
}

#[kafka_test(topics = ["orders"], clock = "paused")]
async fn keys_leave_the_topic_after_their_window(kafka: EmbeddedKafka) {
    let billed = Journal::<String>::new();
    let app = billing(&kafka, &billed).await;
    send(&kafka, "first", "1", 0).await;
    app.listener("bill").settled().await.assert_handled(1);
    kafka.advance("59m").await;
    send(&kafka, "early", "1", 0).await;
    app.listener("bill").settled().await.assert_handled(2);
    kafka.advance("1m").await;
    send(&kafka, "other", "2", 0).await;
    app.listener("bill").settled().await.assert_handled(3);
    send(&kafka, "late", "1", 0).await;
    app.listener("bill").settled().await.assert_handled(4);
    assert_eq!(billed.entries(), ["first", "other", "late"]);
    // The first record after the window takes the key out.
    let marks = kafka.topic("billing-seen").assert_exactly(4).await;
    let marks = marks.iter().map(|mark| {
        let key = std::str::from_utf8(mark.key.as_deref().unwrap()).unwrap();
        (key, mark.payload.is_some())
    });
    let marks: Vec<_> = marks
        .map(|(key, stays)| (&key[key.len() - 1..], stays))
        .collect();
    let expected = [("1", true), ("1", false), ("2", true), ("1", true)];
    assert_eq!(marks, expected);
    app.stop().await;
    let app = billing(&kafka, &billed).await;
    send(&kafka, "later", "1", 0).await;
    app.listener("bill").settled().await.assert_handled(1);
    assert_eq!(app.containers()[0].stats().duplicates, 1);
}

#[kafka_test(topics = ["orders"])]
async fn a_full_partition_forgets_its_oldest_keys(kafka: EmbeddedKafka) {
    let billed = Journal::<String>::new();
    let app = kafka.app().listener(bill).state(billed.clone());
    let app = app.set("kafka.listeners.bill.idempotency-capacity", 10);
    let app = app.start().await;
    for nth in 0..30 {
        send(&kafka, &format!("{nth}"), &format!("{nth}"), 0).await;
    }
    app.listener("bill").settled().await;
    send(&kafka, "first again", "0", 0).await;
    send(&kafka, "last again", "29", 0).await;
    app.listener("bill").settled().await;
    assert_eq!(app.containers()[0].stats().duplicates, 1);
    assert_eq!(billed.entries().last().unwrap(), "first again");
}

/// Whose handlers may go on.
#[derive(Debug, Clone)]
struct Held {
    begun: Journal<String>,
    go_on: Arc<Semaphore>,
}

#[kafka_listener(topics = "orders", group_id = "held")]
#[idempotent(key = header("event-id"), store = "topic")]
async fn hold(order: &str, State(held): State<Held>) {
    held.begun.note(order.to_owned());
    held.go_on.acquire().await.unwrap().forget();
}

#[kafka_test(topics = ["orders"])]
async fn what_was_at_work_in_a_crash_runs_again_and_nothing_else(kafka: EmbeddedKafka) {
    let held = Held {
        begun: Journal::new(),
        go_on: Arc::new(Semaphore::new(3)),
    };
    let app = kafka.app().listener(hold).state(held.clone());
    let app = app.start().await;
    for nth in 0..4 {
        send(&kafka, &nth.to_string(), &format!("id-{nth}"), 0).await;
    }
    assert_eq!(held.begun.reaches(4).await.len(), 4);
    // The marks of the first three are written, the fourth is at work.
    kafka.topic("held-seen").assert_exactly(3).await;
    drop(app);
    held.go_on.add_permits(10);
    let app = kafka.app().listener(hold).state(held.clone());
    let app = app.start().await;
    for nth in 0..3 {
        send(&kafka, "again", &format!("id-{nth}"), 0).await;
    }
    app.listener("hold").settled().await;
    assert_eq!(held.begun.entries(), ["0", "1", "2", "3", "3"]);
    assert_eq!(app.containers()[0].stats().duplicates, 3);
}

#[kafka_listener(
    topics = "payments",
    group_id = "ledger",
    transactional,
    send_to = "entries"
)]
#[idempotent(key = header("event-id"), store = "topic")]
async fn book(payment: &str) -> String {
    payment.to_owned()
}

async fn pay(kafka: &EmbeddedKafka, payment: &str, id: &str) {
    kafka.send("payments", payment).header("event-id", id).await;
}

#[kafka_test(topics = ["payments", "entries"])]
async fn a_transaction_takes_its_marks_with_it(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(book).start().await;
    for (payment, id) in [("a", "1"), ("b", "2"), ("a again", "1")] {
        pay(&kafka, payment, id).await;
    }
    app.listener("book").settled().await.assert_handled(3);
    app.stop().await;
    let app = kafka.app().listener(book).start().await;
    for (payment, id) in [("b again", "2"), ("c", "3")] {
        pay(&kafka, payment, id).await;
    }
    app.listener("book").settled().await.assert_handled(2);
    assert_eq!(app.containers()[0].stats().duplicates, 1);
    kafka.topic("entries").assert_values(["a", "b", "c"]).await;
    kafka.topic("ledger-seen").assert_exactly(3).await;
}

#[kafka_test(topics = ["payments", "entries"], embedded = "faults on command")]
async fn an_aborted_transaction_takes_its_marks_back(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(book).start().await;
    pay(&kafka, "0", "0").await;
    app.listener("book").settled().await;
    for (nth, (api, topic, code)) in (1..).zip([
        (ApiKey::EndTxn, None, ErrorCode::INVALID_PRODUCER_EPOCH),
        (ApiKey::TxnOffsetCommit, None, ErrorCode::ILLEGAL_GENERATION),
        (
            ApiKey::Produce,
            Some("entries"),
            ErrorCode::INVALID_PRODUCER_EPOCH,
        ),
        (
            ApiKey::Produce,
            Some("ledger-seen"),
            ErrorCode::INVALID_PRODUCER_EPOCH,
        ),
    ]) {
        let rule = match topic {
            Some(topic) => kafka.on(api).topic(topic),
            None => kafka.on(api),
        };
        let refused = rule.once().answer(code);
        let number = nth.to_string();
        pay(&kafka, &number, &number).await;
        pay(&kafka, "again", &number).await;
        app.listener("book").settled().await;
        assert_eq!(refused.hits(), 1, "{api:?}");
    }
    assert!(app.listener("book").stats().aborted > 0);
    let once = ["0", "1", "2", "3", "4"];
    kafka.topic("entries").assert_values(once).await;
    let stats = app.containers()[0].stats();
    assert!(stats.duplicates >= 4, "{stats:?}");
}

#[kafka_test(topics = ["orders"])]
async fn a_topic_that_deletes_keys_is_refused(kafka: EmbeddedKafka) {
    let seen = NewTopic::new("billing-seen").config("cleanup.policy", "delete");
    kafka.admin().create_topics(&[seen]).await.unwrap();
    let app = kafka.app().listener(bill).state(Journal::<String>::new());
    let report = app.try_start().await.unwrap_err().to_string();
    assert!(report.contains("listener `bill`"), "{report}");
    assert!(report.contains("set it to `compact`"), "{report}");
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_topic_with_too_few_partitions_grows(kafka: EmbeddedKafka) {
    let seen = NewTopic::new("billing-seen").compacted().partitions(1);
    kafka.admin().create_topics(&[seen]).await.unwrap();
    let billed = Journal::<String>::new();
    let app = billing(&kafka, &billed).await;
    send(&kafka, "first", "1", 2).await;
    send(&kafka, "again", "1", 2).await;
    app.listener("bill").settled().await.assert_handled(2);
    assert_eq!(billed.entries(), ["first"]);
}

#[kafka_listener(topics = "orders", group_id = "retried")]
#[retryable]
#[idempotent(key = "key", store = "topic")]
async fn with_retry_topics(_: &str) {}

#[kafka_listener(topics = "orders", group_id = "with spaces")]
#[idempotent(key = "key", store = "topic")]
async fn named_badly(_: &str) {}

#[kafka_test(topics = ["orders"])]
async fn what_cannot_be_is_told_at_boot(kafka: EmbeddedKafka) {
    let app = kafka
        .app()
        .listener(with_retry_topics)
        .listener(named_badly);
    let report = app.try_start().await.unwrap_err().to_string();
    assert!(
        report.contains("retry topics and the idempotency store `topic` do not go together"),
        "{report}"
    );
    assert!(report.contains("set `idempotency-topic`"), "{report}");
}
