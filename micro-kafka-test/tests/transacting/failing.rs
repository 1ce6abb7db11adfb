//! Records that fail, and records that spoil their transaction.

use micro_kafka::app::Listener;
use micro_kafka::listener::TransactionDef;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

use super::{once, values};

#[kafka_listener(topics = "payments", group_id = "large", transactional)]
async fn enlarge(payment: &str, tx: Tx) -> Result<(), KafkaError> {
    let size = match payment {
        "large" => 2 << 20,
        _ => 0,
    };
    tx.send("booked", format!("{payment}{}", "x".repeat(size)))
        .await
}

#[kafka_listener(topics = "payments", group_id = "missing", transactional(max = 1))]
async fn misplace(payment: &str, tx: Tx) -> Result<(), KafkaError> {
    match payment {
        "nowhere" => tx.send("booked", payment).partition(77).await,
        _ => tx.send("booked", payment).await,
    }
}

#[kafka_listener(topics = "payments", group_id = "panics", transactional)]
async fn panic_once(payment: &str, attempt: Attempt, tx: Tx) -> Result<(), KafkaError> {
    tx.send("booked", payment).await?;
    assert!(payment != "3" || !attempt.is_first(), "as planned");
    Ok(())
}

#[kafka_listener(
    topics = "payments",
    group_id = "batches",
    batch(max = 10),
    transactional
)]
async fn book_all(payments: Batch<Text>, tx: Tx) -> BatchResult<KafkaError> {
    let mut results = Vec::new();
    for payment in payments.values() {
        let failed = payment == "bad";
        let sent = match failed {
            true => Err(KafkaError::from(SendError::NoTopic)),
            false => tx.send("booked", payment).await,
        };
        results.push(sent);
    }
    payments.settle(results)
}

async fn send(kafka: &EmbeddedKafka, payments: &[&str]) {
    for payment in payments {
        kafka.send("payments", *payment).await;
    }
}

fn texts(all: &[&str]) -> std::collections::BTreeMap<String, usize> {
    once(all.iter().map(|text| (*text).to_owned()))
}

#[kafka_test(topics = ["payments", "booked"])]
async fn a_record_that_spoils_its_transaction_is_dead_lettered_alone(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(enlarge);
    let app = app.set("kafka.listener.retry.attempts", 2).start().await;
    send(&kafka, &["1", "2", "large", "3", "4"]).await;
    let settled = app.listener("enlarge").settled().await;
    settled.assert_dead_lettered(1);
    let letter = kafka.topic("payments-dlt").assert_one().await;
    assert_eq!(letter.payload.as_deref(), Some(&b"large"[..]));
    assert_eq!(
        values(&kafka, "booked", 4).await,
        texts(&["1", "2", "3", "4"])
    );
    assert!(app.listener("enlarge").health().is_up());
}

#[kafka_test(topics = ["payments", "booked"])]
async fn so_is_one_that_sends_to_a_partition_that_is_not_there(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(misplace);
    let app = app.set("kafka.listener.retry.attempts", 1).start().await;
    send(&kafka, &["1", "nowhere", "2"]).await;
    let settled = app.listener("misplace").settled().await;
    settled.assert_dead_lettered(1);
    let letter = kafka.topic("payments-dlt").assert_one().await;
    assert_eq!(letter.payload.as_deref(), Some(&b"nowhere"[..]));
    assert_eq!(values(&kafka, "booked", 2).await, texts(&["1", "2"]));
}

#[kafka_test(topics = ["payments", "booked"])]
async fn what_a_handler_sent_before_it_panicked_is_dropped(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(panic_once).start().await;
    send(&kafka, &["1", "2", "3", "4"]).await;
    app.listener("panic_once").settled().await.assert_handled(4);
    let all = kafka.topic("booked").assert_exactly(4).await;
    let order = all.iter().map(|record| record.payload.clone().unwrap());
    let expected = ["1", "2", "3", "4"].map(|text| text.as_bytes().to_vec());
    assert_eq!(order.collect::<Vec<_>>(), expected);
}

#[kafka_test(topics = ["payments", "booked"])]
async fn a_batch_is_committed_as_a_whole_with_its_dead_letters(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(book_all);
    let app = app.set("kafka.listener.retry.attempts", 2).start().await;
    send(&kafka, &["1", "bad", "2", "3"]).await;
    app.listener("book_all").settled().await;
    let letter = kafka.topic("payments-dlt").assert_one().await;
    assert_eq!(letter.payload.as_deref(), Some(&b"bad"[..]));
    assert_eq!(values(&kafka, "booked", 3).await, texts(&["1", "2", "3"]));
    let group = kafka.group("batches");
    group.assert_committed("payments", [(0, 4)]).await;
}

#[kafka_test(topics = ["payments", "booked"])]
async fn a_listener_of_the_program_may_be_transactional(kafka: EmbeddedKafka) {
    let listener = Listener::new("program", |_| Box::pin(async { Ok(()) }));
    let listener = listener
        .topics(["payments"])
        .transactional(TransactionDef::default());
    let app = kafka.app().register(listener).start().await;
    send(&kafka, &["1", "2"]).await;
    app.listener("program").settled().await.assert_handled(2);
    let group = kafka.group("program");
    group.assert_committed("payments", [(0, 2)]).await;
}

#[kafka_listener(topics = "payments", group_id = "patient", transactional)]
#[retryable(attempts = 3, backoff = "20ms")]
async fn book_later(payment: &str, attempt: Attempt, tx: Tx) -> Result<(), String> {
    let number = attempt.non_blocking();
    let booked = tx.send("booked", format!("{payment}-{number}")).await;
    booked.map_err(|error| error.to_string())?;
    match (payment, number) {
        ("later", 1 | 2) | ("never", _) => Err("not now".to_owned()),
        _ => Ok(()),
    }
}

/// The topic has more offsets than records: the end of each transaction has one of its own.
async fn is_transactional(kafka: &EmbeddedKafka, topic: &str, records: usize) -> bool {
    let all = kafka.records(topic, records).await;
    let end = kafka.admin().end_offsets(topic).await.unwrap();
    end.values().sum::<i64>() > i64::try_from(all.len()).unwrap()
}

#[kafka_test(topics = ["payments", "booked"])]
async fn copies_for_retry_topics_are_part_of_the_transaction(kafka: EmbeddedKafka) {
    let _app = kafka.app().listener(book_later).start().await;
    send(&kafka, &["1", "later", "never", "2"]).await;
    // What a failed attempt sent is dropped, what the last one sent is there once.
    let expected = texts(&["1-1", "2-1", "later-3"]);
    assert_eq!(values(&kafka, "booked", 3).await, expected);
    assert!(is_transactional(&kafka, "payments-dlt", 1).await);
    assert!(is_transactional(&kafka, "payments-retry", 4).await);
    kafka.topic("booked").assert_exactly(3).await;
    let group = kafka.group("patient");
    group.assert_lag("payments", 0).await;
}
