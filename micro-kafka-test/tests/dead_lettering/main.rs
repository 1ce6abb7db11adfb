//! Dead letters: the original bytes, Spring's headers, and never a record lost on the way there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod handling;
mod watching;

use micro_kafka::admin::NewTopic;
use micro_kafka::listener::HealthReason;
use micro_kafka::prelude::*;
use micro_kafka::record::{OwnedHeader, OwnedRecord};
use micro_kafka_test::prelude::*;

#[derive(Debug, Deserialize)]
struct Order {
    id: u64,
}

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("card declined")]
    #[kafka(dead_letter)]
    Declined(#[source] Box<Self>),
    #[error("limit of 500 exceeded")]
    #[kafka(dead_letter)]
    Limit,
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(Json(order): Json<Order>) -> Result<(), ChargeError> {
    match order.id {
        0 => Err(ChargeError::Declined(Box::new(ChargeError::Limit))),
        1 => Err(ChargeError::Limit),
        _ => Ok(()),
    }
}

#[kafka_listener(topics = "orders", group_id = "raw")]
async fn refuse() -> Result<(), ChargeError> {
    Err(ChargeError::Limit)
}

fn header<'r>(record: &'r OwnedRecord, name: &str) -> &'r [u8] {
    let header = record
        .headers
        .iter()
        .find(|header| header.name == name.as_bytes());
    let header = header.unwrap_or_else(|| panic!("no `{name}` in {:?}", record.headers));
    header.value.as_deref().unwrap_or_default()
}

#[kafka_listener(topics = "orders-dlt", group_id = "claims")]
async fn claim(meta: Meta, State(claims): State<Journal<i32>>) {
    claims.note(meta.partition());
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn dead_letters_are_read_from_a_topic_that_the_start_creates(kafka: EmbeddedKafka) {
    let claims = Journal::<i32>::new();
    let app = kafka.app().listener(refuse).listener(claim);
    let _app = app.state(claims.clone()).start().await;
    kafka.send("orders", "x").partition(1).await;
    assert_eq!(claims.reaches(1).await, [1]);
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_dead_letter_has_springs_headers_byte_for_byte(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", r#"{"id":7}"#).partition(2).await;
    kafka
        .send("orders", r#"{"id":0}"#)
        .partition(2)
        .key("c1")
        .timestamp(1_700_000_000_123)
        .header("source", "web")
        .header("source", [0xff, 0x00])
        .await;
    app.listener("charge")
        .settled()
        .await
        .assert_dead_lettered(1);
    let letter = kafka.topic("orders-dlt").assert_one().await;
    let width = kafka.admin().partition_count("orders-dlt").await.unwrap();
    assert_eq!((letter.partition, width), (2, Some(3)), "the record's own");
    assert_eq!(letter.key.as_deref(), Some(&b"c1"[..]));
    assert_eq!(letter.payload.as_deref(), Some(&br#"{"id":0}"#[..]));
    let names = letter
        .headers
        .iter()
        .map(|h| String::from_utf8_lossy(&h.name).into_owned());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "source",
            "source",
            "kafka_dlt-exception-fqcn",
            "kafka_dlt-exception-cause-fqcn",
            "kafka_dlt-exception-message",
            "kafka_dlt-exception-stacktrace",
            "kafka_dlt-original-topic",
            "kafka_dlt-original-partition",
            "kafka_dlt-original-offset",
            "kafka_dlt-original-timestamp",
            "kafka_dlt-original-timestamp-type",
            "kafka_dlt-original-consumer-group",
            "mk-error",
            "mk-listener",
            "mk-attempts",
            "mk-first-failure",
            "mk-last-failure",
            "mk-fingerprint",
        ]
    );
    assert_eq!(letter.headers[1], OwnedHeader::new("source", [0xff, 0x00]));
    let (topic, group) = (kafka.wire_name("orders"), kafka.wire_name("billing"));
    let expected: [(&str, &[u8]); 12] = [
        ("kafka_dlt-exception-fqcn", b"dead_lettering::ChargeError"),
        (
            "kafka_dlt-exception-cause-fqcn",
            b"dead_lettering::ChargeError::Declined",
        ),
        (
            "kafka_dlt-exception-message",
            b"card declined; limit of 500 exceeded",
        ),
        ("kafka_dlt-original-topic", topic.as_bytes()),
        ("kafka_dlt-original-partition", &[0, 0, 0, 2]),
        ("kafka_dlt-original-offset", &[0, 0, 0, 0, 0, 0, 0, 1]),
        (
            "kafka_dlt-original-timestamp",
            &1_700_000_000_123_i64.to_be_bytes(),
        ),
        ("kafka_dlt-original-timestamp-type", b"CreateTime"),
        ("kafka_dlt-original-consumer-group", group.as_bytes()),
        ("mk-error", b"Declined"),
        ("mk-listener", b"charge"),
        ("mk-attempts", b"1"),
    ];
    for (name, value) in expected {
        assert_eq!(header(&letter, name), value, "{name}");
    }
}

#[kafka_test(topics = ["orders"])]
async fn what_cannot_be_decoded_keeps_its_bytes_and_stays_out_of_the_headers(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    let payload = [&b"{\"id\": \"4111-1111\", "[..], &[0xff, 0xfe, 0x00]].concat();
    kafka
        .send("orders", Bytes(&*payload))
        .key([0, 159, 146, 150])
        .await;
    kafka.send("orders", r#"{"id":9}"#).await;
    app.listener("charge")
        .settled()
        .await
        .assert_handled(1)
        .assert_attempts(2);
    let letter = kafka.topic("orders-dlt").assert_one().await;
    assert_eq!(letter.payload.as_deref(), Some(&*payload));
    assert_eq!(letter.key.as_deref(), Some(&[0, 159, 146, 150][..]));
    assert_eq!(header(&letter, "mk-attempts"), b"1", "never tried again");
    for header in &letter.headers {
        let value = String::from_utf8_lossy(header.value.as_deref().unwrap_or_default());
        assert!(!value.contains("4111"), "the value is told: {value}");
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_tombstone_and_an_empty_payload_stay_what_they_are(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(refuse).start().await;
    kafka.send("orders", None::<&str>).key("gone").await;
    kafka.send("orders", "").key("empty").await;
    app.listener("refuse")
        .settled()
        .await
        .assert_dead_lettered(2);
    kafka
        .dlt("orders")
        .key("gone")
        .value(None::<&str>)
        .assert_count(1);
    kafka.dlt("orders").key("empty").value("").assert_count(1);
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn a_dead_letter_topic_with_fewer_partitions_takes_any(kafka: EmbeddedKafka) {
    kafka.create_topic("orders-dlt", 1).await;
    let app = kafka.app().listener(charge).start().await;
    for partition in 0..4 {
        kafka
            .send("orders", r#"{"id":1}"#)
            .partition(partition)
            .await;
    }
    app.listener("charge")
        .settled()
        .await
        .assert_dead_lettered(4);
    let letters = kafka.dlt("orders").all();
    let mut from = letters
        .iter()
        .map(|letter| letter.failure().partition)
        .collect::<Vec<_>>();
    from.sort_unstable();
    assert_eq!(from, [0, 1, 2, 3]);
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn missing_dead_letter_topics_are_created_with_as_many_partitions(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    // A broker may tell of a new topic a moment after it was created.
    let told = async {
        loop {
            let admin = kafka.admin();
            match admin.partition_count("orders-dlt").await.unwrap() {
                Some(count) => return count,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let told = tokio::time::timeout(micro_kafka_test::DEADLINE, told).await;
    assert_eq!(told.unwrap(), 3);
    app.stop().await;
}

#[kafka_test(topics = ["orders"])]
async fn a_dead_letter_that_is_refused_holds_its_record_back_and_loses_nothing(
    kafka: EmbeddedKafka,
) {
    // Too small for the letters: the broker refuses them.
    let small = NewTopic::new("orders-dlt").config("max.message.bytes", "300");
    kafka.admin().create_topics(&[small]).await.unwrap();
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", r#"{"id":5}"#).await;
    kafka
        .send(
            "orders",
            format!(r#"{{"id":1,"pad":"{}"}}"#, "x".repeat(2_000)),
        )
        .await;
    kafka.send("orders", r#"{"id":6}"#).await;
    app.listener("charge").unwell().await;
    let health = app.health();
    let [HealthReason::RecoverFailing { record, error, .. }] =
        &*health.listeners[0].container.reasons
    else {
        panic!("{health:?}");
    };
    assert_eq!(record.offset, 1);
    assert!(error.contains("too large"), "{error}");
    kafka.advance("5m").await;
    kafka
        .group("billing")
        .assert_committed("orders", [(0, 1)])
        .await;
    assert_eq!(
        app.listener("charge").stats().handled,
        1,
        "the next one has to wait"
    );
    kafka.dlt("orders").assert_none();
    app.stop().await;
    let app = kafka.app().listener(charge);
    let app = app
        .set("kafka.listeners.charge.dead-letter-topic", "dead")
        .start()
        .await;
    app.listener("charge")
        .settled()
        .await
        .assert_handled(1)
        .assert_dead_lettered(1);
    let letter = kafka.topic("dead").assert_one().await;
    assert_eq!(letter.payload.as_ref().map(Vec::len), Some(2_017));
    kafka.group("billing").assert_lag("orders", 0).await;
}

/// Were letters to wait for others, each would do so for a minute.
#[kafka_test(topics = ["orders"])]
async fn dead_letters_do_not_wait_for_others_to_travel_with(kafka: EmbeddedKafka) {
    let app = kafka
        .app()
        .listener(refuse)
        .set("kafka.producer.linger", "60s")
        .start()
        .await;
    for value in ["a", "b", "c"] {
        kafka.send("orders", value).await;
    }
    let settled = app.listener("refuse").settled().await;
    settled.assert_dead_lettered(3);
}
