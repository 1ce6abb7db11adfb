//! Records out and in again.

use std::collections::HashMap;

use futures_util::future::join_all;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::kafka::{DEADLINE, Kafka, next};

/// Sends `count` records `0`, `1`, …, keyed by their number modulo 10.
async fn send(producer: &FutureProducer, topic: &str, count: usize) {
    let sends = (0..count).map(|nth| async move {
        let (key, payload) = ((nth % 10).to_string(), nth.to_string());
        let record = FutureRecord::to(topic).key(&key).payload(&payload);
        producer.send(record, DEADLINE).await.unwrap();
    });
    join_all(sends).await;
}

fn number(payload: &[u8]) -> usize {
    std::str::from_utf8(payload).unwrap().parse().unwrap()
}

/// Reads `count` records; those of one key must come in order, and none twice.
async fn read(consumer: &StreamConsumer, count: usize) {
    let mut last: HashMap<Vec<u8>, usize> = HashMap::new();
    for _ in 0..count {
        let record = next(consumer).await;
        let nth = number(record.payload().unwrap());
        let key = record.key().unwrap().to_vec();
        if let Some(before) = last.insert(key, nth) {
            assert_eq!(nth, before + 10, "records of a key in order, none missing");
        }
    }
}

#[tokio::test]
async fn records_of_a_key_come_back_in_order() {
    let kafka = Kafka::start();
    let topic = kafka.topic("order", 6).await;
    send(&kafka.producer(&[]), &topic, 5000).await;
    let consumer = kafka.consumer(&kafka.name("g"), &[]);
    consumer.subscribe(&[&topic]).unwrap();
    read(&consumer, 5000).await;
}

#[tokio::test]
async fn every_codec_passes_through() {
    let kafka = Kafka::start();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = kafka.topic(codec, 1).await;
        let producer = kafka.producer(&[("compression.type", codec), ("linger.ms", "5")]);
        send(&producer, &topic, 500).await;
        let consumer = kafka.consumer(&kafka.name(codec), &[]);
        consumer.subscribe(&[&topic]).unwrap();
        read(&consumer, 500).await;
    }
}

#[tokio::test]
async fn an_idempotent_producer_writes_each_record_once() {
    let kafka = Kafka::start();
    let topic = kafka.topic("idempotent", 3).await;
    let producer = kafka.producer(&[("enable.idempotence", "true"), ("linger.ms", "0")]);
    send(&producer, &topic, 5000).await;
    let consumer = kafka.consumer(&kafka.name("g"), &[]);
    let mut ends = 0;
    for partition in 0..3 {
        ends += consumer
            .fetch_watermarks(&topic, partition, DEADLINE)
            .unwrap()
            .1;
    }
    assert_eq!(ends, 5000);
    consumer.subscribe(&[&topic]).unwrap();
    read(&consumer, 5000).await;
}

#[tokio::test]
async fn keys_headers_and_timestamps_survive_and_null_stays_null() {
    let kafka = Kafka::start();
    let topic = kafka.topic("whole", 1).await;
    let producer = kafka.producer(&[]);
    let headers = OwnedHeaders::new()
        .insert(Header {
            key: "a",
            value: Some("1"),
        })
        .insert(Header {
            key: "a",
            value: Some("2"),
        })
        .insert(Header {
            key: "none",
            value: None::<&str>,
        });
    let record = FutureRecord::<str, str>::to(&topic)
        .key("k")
        .timestamp(1_234_567_890_123)
        .headers(headers);
    let sent = producer.send(record, DEADLINE).await.unwrap();
    assert_eq!((sent.partition, sent.offset), (0, 0));
    let record = FutureRecord::<str, str>::to(&topic).payload("");
    assert_eq!(producer.send(record, DEADLINE).await.unwrap().offset, 1);

    let consumer = kafka.consumer(&kafka.name("g"), &[]);
    consumer.subscribe(&[&topic]).unwrap();
    let first = next(&consumer).await;
    assert_eq!((first.key(), first.payload()), (Some(&b"k"[..]), None));
    assert_eq!(first.timestamp().to_millis(), Some(1_234_567_890_123));
    let headers = first.headers().unwrap();
    let all: Vec<_> = headers.iter().map(|h| (h.key, h.value)).collect();
    assert_eq!(
        all,
        [
            ("a", Some(&b"1"[..])),
            ("a", Some(&b"2"[..])),
            ("none", None)
        ]
    );
    let second = next(&consumer).await;
    assert_eq!((second.key(), second.payload()), (None, Some(&b""[..])));
}

#[tokio::test]
async fn records_near_the_limit_pass_and_larger_ones_are_refused() {
    let kafka = Kafka::start();
    let topic = kafka.topic("large", 1).await;
    let producer = kafka.producer(&[("message.max.bytes", "3000000")]);
    let large = vec![7; 1_000_000];
    for _ in 0..5 {
        let record = FutureRecord::<str, _>::to(&topic).payload(&large);
        producer.send(record, DEADLINE).await.unwrap();
    }
    let too_large = vec![7; 2_000_000];
    let record = FutureRecord::<str, _>::to(&topic).payload(&too_large);
    let (error, _) = producer.send(record, DEADLINE).await.unwrap_err();
    let code = error.rdkafka_error_code();
    assert_eq!(
        code,
        Some(rdkafka::types::RDKafkaErrorCode::MessageSizeTooLarge)
    );

    let consumer = kafka.consumer(&kafka.name("g"), &[]);
    consumer.subscribe(&[&topic]).unwrap();
    for _ in 0..5 {
        assert_eq!(next(&consumer).await.payload().unwrap().len(), large.len());
    }
}

#[tokio::test]
async fn a_producer_without_acks_is_not_answered_and_not_stopped() {
    let kafka = Kafka::start();
    let topic = kafka.topic("acks0", 1).await;
    let producer = kafka.producer(&[("acks", "0")]);
    send(&producer, &topic, 1000).await;
    let consumer = kafka.consumer(&kafka.name("g"), &[]);
    consumer.subscribe(&[&topic]).unwrap();
    read(&consumer, 1000).await;
}

#[tokio::test]
async fn offsets_are_found_by_time() {
    let kafka = Kafka::start();
    let topic = kafka.topic("times", 1).await;
    let producer = kafka.producer(&[]);
    for nth in 0..10 {
        let record = FutureRecord::<str, str>::to(&topic)
            .payload("x")
            .timestamp(1000 + nth * 100);
        producer.send(record, DEADLINE).await.unwrap();
    }
    let consumer = kafka.consumer(&kafka.name("g"), &[]);
    for (time, offset) in [
        (0, Offset::Offset(0)),
        (1000, Offset::Offset(0)),
        (1001, Offset::Offset(1)),
        (1900, Offset::Offset(9)),
        (1901, Offset::End),
    ] {
        let mut asked = TopicPartitionList::new();
        asked
            .add_partition_offset(&topic, 0, Offset::Offset(time))
            .unwrap();
        let found = consumer.offsets_for_times(asked, DEADLINE).unwrap();
        assert_eq!(found.elements()[0].offset(), offset, "time {time}");
    }
    assert_eq!(
        consumer.fetch_watermarks(&topic, 0, DEADLINE).unwrap(),
        (0, 10)
    );
}

#[tokio::test]
async fn a_waiting_consumer_gets_a_record_at_once() {
    let kafka = Kafka::start();
    let topic = kafka.topic("wait", 1).await;
    // A fetch waits for up to ten seconds; only a new record ends it early.
    let consumer = kafka.consumer(&kafka.name("g"), &[("fetch.wait.max.ms", "10000")]);
    let mut start = TopicPartitionList::new();
    start
        .add_partition_offset(&topic, 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&start).unwrap();
    let producer = kafka.producer(&[("linger.ms", "0")]);
    for nth in 0..20 {
        let payload = nth.to_string();
        let record = FutureRecord::<str, _>::to(&topic).payload(&payload);
        producer.send(record, DEADLINE).await.unwrap();
        let begun = std::time::Instant::now();
        let record = next(&consumer).await;
        assert_eq!(number(record.payload().unwrap()), nth);
        assert!(
            nth == 0 || begun.elapsed().as_millis() < 1000,
            "{:?}",
            begun.elapsed()
        );
    }
}
