//! Several brokers that end and come back one after another: nothing is lost, nothing is there
//! twice, and each key keeps its order.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use micro_kafka::prelude::*;
use micro_kafka_broker::fault::{ApiKey, ErrorCode};
use micro_kafka_test::prelude::*;

const KEYS: usize = 7;

/// What `remember` was given, in its order.
static REMEMBERED: Mutex<Vec<(String, u32)>> = Mutex::new(Vec::new());

#[kafka_listener(topics = "orders", group_id = "memory", order = "key", parallelism = 4)]
async fn remember(number: &str, Key(key): Key<&str>) -> Result<(), std::num::ParseIntError> {
    let number = number.parse()?;
    REMEMBERED.lock().unwrap().push((key.to_owned(), number));
    Ok(())
}

/// Sends numbers while brokers end and start, one after another.
async fn send_through_kills(kafka: &EmbeddedKafka, topic: &str, rounds: usize) -> u32 {
    let mut next = 0;
    for round in 0..rounds {
        let node = kafka.node(i32::try_from(round % 3).unwrap());
        send(kafka, topic, &mut next).await;
        match round % 2 {
            0 => node.kill().await,
            _ => node.stop().await,
        }
        send(kafka, topic, &mut next).await;
        node.start().await.unwrap();
    }
    send(kafka, topic, &mut next).await;
    next
}

async fn send(kafka: &EmbeddedKafka, topic: &str, next: &mut u32) {
    for _ in 0..20 {
        let key = format!("k{}", *next as usize % KEYS);
        kafka.send(topic, next.to_string().as_str()).key(key).await;
        *next += 1;
    }
}

/// Each value of a topic, and how often it is there.
async fn values(kafka: &EmbeddedKafka, topic: &str, count: usize) -> BTreeMap<u32, usize> {
    let mut values = BTreeMap::new();
    for record in kafka.topic(topic).assert_exactly(count).within("60s").await {
        let value = String::from_utf8(record.payload.clone().unwrap()).unwrap();
        *values.entry(value.parse().unwrap()).or_insert(0) += 1;
    }
    values
}

fn once(count: u32) -> BTreeMap<u32, usize> {
    (0..count).map(|number| (number, 1)).collect()
}

#[kafka_test(
    topics = ["orders:6"],
    brokers = 3,
    embedded = "it ends brokers of another Kafka"
)]
async fn a_listener_sees_each_key_in_order_whichever_broker_ends(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(remember).start().await;
    let count = send_through_kills(&kafka, "orders", 6).await;
    assert_eq!(
        values(&kafka, "orders", count as usize).await,
        once(count),
        "the idempotent producer repeats nothing"
    );
    app.listener("remember").settled().within("60s").await;
    let remembered = REMEMBERED.lock().unwrap().clone();
    // What was not committed comes again, in order; the first time is what counts.
    let mut first: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (key, number) in remembered {
        let seen = first.entry(key).or_default();
        if !seen.contains(&number) {
            seen.push(number);
        }
    }
    assert!(first.values().all(|seen| seen.is_sorted()), "{first:?}");
    assert_eq!(first.values().flatten().count(), count as usize);
}

#[kafka_test(
    topics = ["orders:3"],
    brokers = 3,
    embedded = "it has faults on one broker of three"
)]
async fn a_rule_is_for_one_broker_if_it_says_so(kafka: EmbeddedKafka) {
    let rule = kafka.on(ApiKey::Produce).broker(1);
    let rule = rule.answer(ErrorCode::NOT_ENOUGH_REPLICAS);
    kafka.send("orders", "a").partition(0).await;
    kafka.send("orders", "c").partition(2).await;
    assert_eq!(rule.hits(), 0);
    let mut sending = std::pin::pin!(async { kafka.send("orders", "b").partition(1).await });
    tokio::select! {
        _ = &mut sending => panic!("it was not refused"),
        hit = rule.wait_for_hits(1, Duration::from_secs(30)) => hit.unwrap(),
    }
    rule.remove();
    sending.await;
    let noted = kafka.journal().matching(ApiKey::Produce);
    let brokers: Vec<_> = noted.iter().map(|noted| noted.request.broker).collect();
    assert_eq!(&brokers[..2], [0, 2]);
    assert!(
        brokers[2..].iter().all(|broker| *broker == 1),
        "{brokers:?}"
    );
}
