//! Restarts, and partitions that move.

use std::time::Duration;

use super::*;

#[kafka_test(topics = ["bills"])]
async fn fences_survive_a_restart(kafka: EmbeddedKafka) {
    let bills = Bills::default();
    let start = async || {
        let app = kafka.app().listener(charge).state(bills.clone());
        app.start().await
    };
    let app = start().await;
    send(&kafka, &["a1 fails 2", "a2", "b1"]).await;
    bills.calls.reaches(2).await;
    kafka.advance("100ms").await;
    app.stop().await;
    send(&kafka, &["a3", "b2"]).await;
    let app = start().await;
    bills.calls.reaches(3).await;
    kafka.advance("100ms").await;
    assert_eq!(of_key(&bills, "a"), calls(&[("a1", 1)]));
    assert_eq!(of_key(&bills, "b"), calls(&[("b1", 1), ("b2", 1)]));
    kafka.advance("10m").await;
    app.listener("charge").settled().await;
    let expected = [("a1", 1), ("a1", 2), ("a1", 3), ("a2", 1), ("a3", 1)];
    assert_eq!(of_key(&bills, "a"), calls(&expected));
}

/// The keys of what comes out in an order that the failures give, over partitions that move.
#[kafka_test(topics = ["bills"], partitions = 4)]
async fn scaling_out_and_in_keeps_the_order_of_keys(kafka: EmbeddedKafka) {
    let bills = Bills::default();
    let start = async || {
        let app = kafka.app().listener(charge).state(bills.clone());
        let fast = app.set(
            "kafka.listeners.charge.retry-topic.backoff",
            "20ms..100ms x2",
        );
        fast.start().await
    };
    let mut sent = Vec::new();
    let mut apps = vec![start().await];
    for round in 0..4 {
        for number in 0..40 {
            let key = char::from(b'a' + u8::try_from(number % 8).unwrap());
            let fails = (number * 7 + round * 3) % 5;
            let bill = format!("{key}{round}.{number:02} fails {}", fails.max(2) - 2);
            let partition = (number % 8) % 4;
            kafka
                .send("bills", &*bill)
                .key(&bill[..1])
                .partition(partition)
                .await;
            sent.push(bill);
        }
        match round {
            0 | 1 => apps.push(start().await),
            _ => drop(apps.remove(0).stop().await),
        }
    }
    let count = sent.len();
    let all = async {
        loop {
            // Before it is looked whether all are there: the last may come meanwhile.
            let calls = bills.calls.entries().len();
            if bills.order().len() == count {
                break;
            }
            bills.calls.reaches(calls + 1).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .unwrap();
    assert_in_order(&bills, &sent);
}
