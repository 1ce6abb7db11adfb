//! What the template sends, as the broker has it and as listeners get it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, Instant};

use micro_kafka::prelude::*;
use micro_kafka::record::{OwnedHeader, Timestamp};
use micro_kafka::template::{ErrorHook, KafkaTemplate, SendError, TemplateConfig};
use micro_kafka_test::prelude::*;

#[derive(Debug, Serialize)]
struct Order {
    id: u64,
}

/// A template of the test's own, on the test's Kafka.
fn template(kafka: &EmbeddedKafka, hook: Option<ErrorHook>) -> KafkaTemplate {
    let mut config = TemplateConfig::new(kafka.bootstrap_servers()).property("linger.ms", "20");
    config.namespace = kafka.wire_name("");
    config.error_hook = hook.unwrap_or_default();
    KafkaTemplate::new(config).unwrap()
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn an_awaited_send_tells_partition_and_offset(kafka: EmbeddedKafka) {
    for offset in 0..3 {
        let sent = kafka.template().send("orders", Json(Order { id: 7 }));
        let sent = sent
            .partition(2)
            .timestamp(1_700_000_000_123)
            .await
            .unwrap();
        assert_eq!((sent.partition, sent.offset), (2, offset));
        assert_eq!(sent.timestamp, Timestamp::CreateTime(1_700_000_000_123));
    }
    let then = Timestamp::CreateTime(1_700_000_000_123);
    let orders = kafka
        .topic("orders")
        .partition(2)
        .value(Json(Order { id: 7 }));
    orders
        .matching(|record| record.timestamp == then)
        .assert_exactly(3)
        .await;
}

#[kafka_test(topics = ["orders"])]
async fn queued_sends_are_on_their_way_together_and_keep_their_order(kafka: EmbeddedKafka) {
    kafka.send("orders", "first").await;
    let mut deliveries = Vec::new();
    for n in 0..500 {
        deliveries.push(
            kafka
                .template()
                .send("orders", n.to_string())
                .queue()
                .await
                .unwrap(),
        );
    }
    for (n, delivery) in (1..).zip(deliveries) {
        assert_eq!(delivery.await.unwrap().offset, n);
    }
    let sent = (0..500).map(|n| n.to_string());
    let all = ["first".to_owned()].into_iter().chain(sent);
    kafka.topic("orders").assert_values(all).await;
}

#[kafka_test(topics = ["orders"])]
async fn a_detached_send_arrives_or_tells_the_hook(kafka: EmbeddedKafka) {
    let failures = Journal::new();
    let noted = failures.clone();
    let hook = ErrorHook::new(move |error: &SendError| {
        noted.note(error.to_string());
    });
    let template = template(&kafka, Some(hook));
    template.send("orders", "fine").detach();
    template
        .send("orders", "no such partition")
        .partition(9)
        .detach();
    template
        .send("orders", Bytes(vec![0_u8; 2_000_000]))
        .detach();
    let mut told = failures.reaches(2).await;
    told.sort();
    assert!(told[0].contains("too large"), "{told:?}");
    assert!(told[1].contains("has no partition 9"), "{told:?}");
    kafka.topic("orders").value("fine").assert_one().await;
    kafka.topic("orders").assert_exactly(1).await;
}

#[kafka_test(topics = ["orders"])]
async fn an_awaited_send_to_nowhere_says_so(kafka: EmbeddedKafka) {
    let error = kafka
        .template()
        .send("orders", "x")
        .partition(9)
        .await
        .unwrap_err();
    assert!(
        matches!(error, SendError::UnknownPartition { partition: 9, .. }),
        "{error}"
    );
    let error = kafka.template().send("no/slash", "x").await.unwrap_err();
    assert!(matches!(error, SendError::InvalidTopic { .. }), "{error:?}");
}

/// The hashes are those of `UtilsTest.testMurmur2` in Apache Kafka.
#[kafka_test(topics = ["orders"], partitions = 7)]
async fn keys_land_where_javas_producers_put_them(kafka: EmbeddedKafka) {
    let keys = [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        (
            "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
            -58_897_971,
        ),
        ("abc", 479_470_107),
    ];
    for (key, hash) in keys {
        let sent = kafka.send("orders", "x").key(key).await;
        assert_eq!(sent.partition, (hash & i32::MAX) % 7, "{key}");
    }
}

#[kafka_test(topics = ["orders"])]
async fn headers_repeat_in_order_and_may_be_empty_or_binary(kafka: EmbeddedKafka) {
    let send = kafka
        .send("orders", "x")
        .header("trace", "1")
        .header("trace", "2");
    send.header("empty", "")
        .header("binary", [0, 0xff, 0xfe])
        .await;
    let records = kafka.records("orders", 1).await;
    let expected = [
        OwnedHeader::new("trace", "1"),
        OwnedHeader::new("trace", "2"),
        OwnedHeader::new("empty", ""),
        OwnedHeader::new("binary", [0, 0xff, 0xfe]),
    ];
    assert_eq!(records[0].headers, expected);
}

#[kafka_test(topics = ["orders"])]
async fn null_and_empty_are_not_the_same(kafka: EmbeddedKafka) {
    kafka.send("orders", None::<&str>).key("k").await;
    kafka.send("orders", "").key("").await;
    kafka.send("orders", "x").await;
    let orders = kafka.topic("orders");
    orders
        .clone()
        .assert_values([None, Some(""), Some("x")])
        .await;
    orders.assert_keys([Some("k"), Some(""), None]).await;
}

#[kafka_test(topics = ["orders"])]
async fn a_template_that_is_dropped_delivers_what_it_has(kafka: EmbeddedKafka) {
    kafka.send("orders", "first").await;
    let template = template(&kafka, None);
    template.send("orders", "second").await.unwrap();
    for n in 0..200 {
        template.send("orders", n.to_string()).detach();
    }
    let began = Instant::now();
    tokio::task::block_in_place(|| drop(template));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    kafka.topic("orders").assert_exactly(202).await;
}

#[kafka_test(topics = ["orders"])]
async fn an_application_that_stops_delivers_what_it_has(kafka: EmbeddedKafka) {
    let app = kafka
        .app()
        .listener(count)
        .set("kafka.producer.linger", "200ms")
        .start()
        .await;
    app.template().send("orders", "first").await.unwrap();
    for n in 0..200 {
        app.template().send("orders", n.to_string()).detach();
    }
    app.stop().await;
    kafka.topic("orders").assert_exactly(201).await;
}

#[kafka_listener(topics = "orders", group_id = "counting")]
async fn count() {}

/// What refuses the record, or nothing.
fn limit(sent: Result<micro_kafka::template::SendResult, SendError>) -> Option<(String, bool)> {
    match sent {
        Err(SendError::TooLarge { limit, .. }) => {
            limit.map(|limit| (limit.to_string(), limit.of_topic))
        }
        other => panic!("not too large: {other:?}"),
    }
}

#[kafka_test(topics = ["orders"])]
async fn what_the_producer_does_not_take_is_told_with_its_limit(kafka: EmbeddedKafka) {
    let template = template(&kafka, None);
    let sent = template.send("orders", Bytes(vec![0_u8; 2_000_000])).await;
    let (told, of_topic) = limit(sent).unwrap();
    assert!(!of_topic);
    assert!(told.contains("2000000 bytes"), "{told}");
    assert!(told.contains("takes 1048588"), "{told}");
    assert!(told.contains("[kafka.producer.properties]"), "{told}");
    kafka.topic("orders").assert_exactly(0).await;
}

#[kafka_test(topics = ["orders"])]
async fn what_a_topic_does_not_take_is_known_after_the_first_large_record(kafka: EmbeddedKafka) {
    let small = micro_kafka::admin::NewTopic::new("small").config("max.message.bytes", "100000");
    kafka.admin().create_topics(&[small]).await.unwrap();
    let template = template(&kafka, None);
    let large = || template.send("small", Bytes(vec![7_u8; 120_000]));
    let told = loop {
        // The broker refuses until its limit is known here.
        if let Some((told, of_topic)) = limit(large().await) {
            assert!(of_topic);
            break told;
        }
    };
    assert!(
        told.contains("120000 bytes and the topic takes 100000"),
        "{told}"
    );
    template
        .send("small", Bytes(vec![7_u8; 90_000]))
        .await
        .unwrap();
    // Topics count compressed bytes: what compresses well is sent.
    let mut config = TemplateConfig::new(kafka.bootstrap_servers());
    config = config.property("compression.type", "gzip");
    config.namespace = kafka.wire_name("");
    let compressing = KafkaTemplate::new(config).unwrap();
    for _ in 0..3 {
        let sent = compressing.send("small", Bytes(vec![7_u8; 120_000]));
        sent.await.unwrap();
    }
}
