//! Instances that come, go, and share their transactional ids with others.

use std::ops::Range;

use micro_kafka_test::prelude::*;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer};

use super::{Duration, book, once, values};

async fn send(kafka: &EmbeddedKafka, numbers: Range<u32>) {
    for nth in numbers {
        let key = format!("k{}", nth % 7);
        let sent = kafka.send("payments", nth.to_string().as_str());
        sent.key(key).await;
    }
}

#[kafka_test(topics = ["payments", "booked"], partitions = 4)]
async fn instances_that_come_and_go_repeat_nothing(kafka: EmbeddedKafka) {
    let first = kafka.app().listener(book).start().await;
    send(&kafka, 0..50).await;
    let second = kafka.app().listener(book).start().await;
    send(&kafka, 50..100).await;
    second.listener("book").assigned(1).await;
    send(&kafka, 100..150).await;
    first.stop().await;
    send(&kafka, 150..200).await;
    let third = kafka.app().listener(book).start().await;
    send(&kafka, 200..250).await;
    third.listener("book").assigned(1).await;
    // Whatever it has in hand is void.
    second.listener("book").abandon();
    send(&kafka, 250..300).await;
    let all = once((0..300).map(|nth: u32| nth.to_string()));
    assert_eq!(values(&kafka, "booked", 300).await, all);
}

#[kafka_test(topics = ["payments", "booked"], partitions = 1)]
async fn a_producer_that_takes_the_ids_over_fences_and_nothing_is_repeated(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(book);
    let app = app.set("kafka.listener.transaction.id-prefix", "bank-0-");
    let app = app.start().await;
    send(&kafka, 0..10).await;
    app.listener("book").settled().await;
    for (nth, letter) in (1..).zip(["A", "B"]) {
        let id = kafka.wire_name(&format!("bank-0-book-0-{letter}"));
        let other: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", kafka.bootstrap_servers())
            .set("transactional.id", &id)
            .create()
            .unwrap();
        let taken = tokio::task::spawn_blocking(move || {
            other.init_transactions(Duration::from_secs(20))?;
            Ok::<_, rdkafka::error::KafkaError>(other)
        });
        let other = taken.await.unwrap().unwrap();
        send(&kafka, nth * 10..(nth + 1) * 10).await;
        app.listener("book").settled().await;
        drop(other);
    }
    assert!(app.listener("book").stats().aborted >= 2);
    let all = once((0..30).map(|nth: u32| nth.to_string()));
    assert_eq!(values(&kafka, "booked", 30).await, all);
    assert!(app.listener("book").health().is_up());
}
