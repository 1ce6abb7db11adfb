//! Transactional listeners: input, output and offsets in one transaction, on both brokers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod failing;
mod faults;
mod moving;

use std::collections::BTreeMap;

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[kafka_listener(
    topics = "payments",
    group_id = "ledger",
    transactional,
    send_to = "ledger"
)]
async fn post(payment: &str) -> Result<Vec<String>, std::num::ParseIntError> {
    let cents: i64 = payment.parse()?;
    Ok(vec![format!("{cents}"), format!("-{cents}")])
}

#[kafka_listener(
    topics = "payments",
    group_id = "books",
    transactional,
    order = "key",
    parallelism = 8
)]
async fn book(payment: &str, Key(key): Key<&str>, tx: Tx) -> Result<(), KafkaError> {
    if key == "slow" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tx.send("booked", payment).await
}

/// How often each value is there.
async fn values(kafka: &EmbeddedKafka, topic: &str, count: usize) -> BTreeMap<String, usize> {
    let mut values = BTreeMap::new();
    for record in kafka.topic(topic).assert_exactly(count).await {
        let value = String::from_utf8(record.payload.clone().unwrap()).unwrap();
        *values.entry(value).or_insert(0) += 1;
    }
    values
}

fn once(values: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    values.into_iter().map(|value| (value, 1)).collect()
}

#[kafka_test(topics = ["payments", "ledger"], partitions = 2)]
async fn output_and_offsets_are_committed_together(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(post).start().await;
    for nth in 1..=20 {
        let sent = kafka.send("payments", nth.to_string().as_str());
        sent.partition(nth % 2).await;
    }
    app.listener("post").settled().await.assert_handled(20);
    let expected = (1..=20).flat_map(|nth| [nth.to_string(), format!("-{nth}")]);
    assert_eq!(values(&kafka, "ledger", 40).await, once(expected));
    kafka
        .group("ledger")
        .assert_committed("payments", [(0, 10), (1, 10)])
        .await;
}

#[kafka_test(topics = ["payments", "ledger"], partitions = 1)]
async fn a_record_that_fails_for_good_is_dead_lettered_in_its_transaction(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(post).start().await;
    for payment in ["1", "none", "2"] {
        kafka.send("payments", payment).await;
    }
    let settled = app.listener("post").settled().await;
    settled.assert_dead_lettered(1).assert_handled(2);
    let letter = kafka.topic("payments-dlt").assert_one().await;
    assert_eq!(letter.payload.as_deref(), Some(&b"none"[..]));
    let expected = ["1", "-1", "2", "-2"].map(str::to_owned);
    assert_eq!(values(&kafka, "ledger", 4).await, once(expected));
    kafka
        .group("ledger")
        .assert_committed("payments", [(0, 3)])
        .await;
}

#[kafka_test(topics = ["payments", "booked"], partitions = 2)]
async fn records_that_overtake_one_another_are_committed_in_order(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(book).start().await;
    for nth in 0..100 {
        let key = ["slow", "a", "b", "c"][nth % 4];
        kafka
            .send("payments", nth.to_string().as_str())
            .key(key)
            .await;
    }
    app.listener("book").settled().await.assert_handled(100);
    let expected = (0..100).map(|nth: u32| nth.to_string());
    assert_eq!(values(&kafka, "booked", 100).await, once(expected));
}
