//! What arrives, and what is told of it.

use std::time::{Duration, Instant};

use micro_kafka::record::{OwnedHeader, Timestamp};

use crate::support::{Raw, cluster, config, raw, read, template};
use micro_kafka::template::KafkaTemplate;

#[tokio::test]
async fn an_awaited_send_tells_where_the_record_is() {
    let cluster = cluster("orders", 3);
    let kafka = template(&cluster, &[]);
    let first = kafka.send("orders", raw("one")).partition(2).await.unwrap();
    let second = kafka.send("orders", raw("two")).partition(2).await.unwrap();
    assert_eq!(&*first.topic, "orders");
    assert_eq!((first.partition, first.offset), (2, 0));
    assert_eq!((second.partition, second.offset), (2, 1));
    assert!(second.timestamp.millis().is_some(), "{second:?}");
}

#[tokio::test]
async fn key_headers_and_timestamp_arrive_as_given() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    kafka
        .send("orders", raw("payload"))
        .key("customer-7")
        .timestamp(1_700_000_000_123)
        .header("source", "web")
        .header("source", [0xff, 0x00])
        .headers([("trace", "1"), ("empty", "")])
        .await
        .unwrap();
    let record = read(&cluster, "orders", 1, 1).remove(0);
    assert_eq!(record.key.as_deref(), Some(&b"customer-7"[..]));
    assert_eq!(record.payload.as_deref(), Some(&b"payload"[..]));
    assert_eq!(record.timestamp, Timestamp::CreateTime(1_700_000_000_123));
    let headers = [
        OwnedHeader::new("source", "web"),
        OwnedHeader::new("source", [0xff, 0x00]),
        OwnedHeader::new("trace", "1"),
        OwnedHeader::new("empty", ""),
    ];
    assert_eq!(record.headers, headers);
}

#[tokio::test]
async fn a_tombstone_is_not_an_empty_payload() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    kafka.send("orders", Raw(None)).key("a").await.unwrap();
    kafka.send("orders", raw("")).key("").await.unwrap();
    let records = read(&cluster, "orders", 1, 2);
    assert_eq!(records[0].payload, None);
    assert_eq!(records[1].payload.as_deref(), Some(&[][..]));
    assert_eq!(records[1].key.as_deref(), Some(&[][..]));
}

#[tokio::test]
async fn queued_sends_keep_their_order() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    let mut deliveries = Vec::new();
    for n in 0..1_000 {
        let payload = n.to_string();
        deliveries.push(kafka.send("orders", raw(&payload)).queue().await.unwrap());
    }
    for (n, delivery) in (0..).zip(deliveries) {
        assert_eq!(delivery.await.unwrap().offset, n);
    }
}

#[tokio::test]
async fn a_detached_send_arrives() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    kafka.send("orders", raw("detached")).detach();
    let record = read(&cluster, "orders", 1, 1).remove(0);
    assert_eq!(record.payload.as_deref(), Some(&b"detached"[..]));
}

#[tokio::test]
async fn the_namespace_is_put_before_the_topic() {
    let cluster = cluster("test.orders", 1);
    let mut settings = config(&cluster, &[]);
    settings.namespace = "test.".into();
    let kafka = KafkaTemplate::new(settings).unwrap();
    let sent = kafka.send("orders", raw("one")).await.unwrap();
    assert_eq!(&*sent.topic, "test.orders");
    let sent = kafka
        .with_wire_names()
        .send("test.orders", raw("two"))
        .await
        .unwrap();
    assert_eq!((&*sent.topic, sent.offset), ("test.orders", 1));
}

#[tokio::test]
async fn a_send_can_be_moved_to_another_task() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    let sent = tokio::spawn(kafka.send("orders", raw("moved")).into_future());
    assert_eq!(sent.await.unwrap().unwrap().offset, 0);
}

#[tokio::test]
async fn the_first_record_does_not_wait_for_a_producer_id() {
    // The shortest of some: other tests have the processor at times.
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        let cluster = cluster("orders", 1);
        let started = Instant::now();
        let kafka = template(&cluster, &[]);
        kafka.send("orders", raw("first")).await.unwrap();
        shortest = shortest.min(started.elapsed());
    }
    // Without the early request for metadata it is half a second.
    assert!(shortest < Duration::from_millis(400), "{shortest:?}");
}
