//! Records that are sent later.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod crowds;
mod transactions;

use std::time::{Duration, Instant, SystemTime};

use micro_kafka::admin::NewTopic;
use micro_kafka::app::Listener;
use micro_kafka::delayed::DELAYED_ID;
use micro_kafka::prelude::*;
use micro_kafka::record::OwnedRecord;
use micro_kafka_test::prelude::*;

const ON: &str = "[kafka.delayed]\ntopic = 'shop-delayed'\npartitions = 2\n";

/// An application without listeners of its own.
async fn scheduler(kafka: &EmbeddedKafka, more: &str) -> TestApp {
    let idle = Listener::new("idle", |_| Box::pin(async { Ok(()) })).topics(["idle"]);
    let app = kafka.app().register(idle.group_id("idle"));
    let app = app.config(format!("{ON}{more}")).start().await;
    // What it finds at its start is not counted as cancelled.
    app.delayed_quiet().await;
    app
}

fn header<'r>(record: &'r OwnedRecord, name: &str) -> Option<&'r [u8]> {
    let mut all = record.headers.iter().rev();
    let found = all.find(|header| header.name == name.as_bytes())?;
    found.value.as_deref()
}

#[kafka_test(topics = ["orders", "idle"], partitions = 3)]
async fn a_record_arrives_at_its_time_and_as_it_was(kafka: EmbeddedKafka) {
    let app = scheduler(&kafka, "").await;
    let send = app
        .template()
        .send("orders", "later")
        .key("c1")
        .partition(2);
    let send = send.header("source", "web").header("source", "again");
    let id = send.timestamp(1_234).after("10m").await.unwrap();
    kafka.advance("9m").await;
    assert_eq!(kafka.records_now("orders").len(), 0);
    let stats = app.delayed().unwrap();
    assert_eq!((stats.waiting, stats.forwarded), (1, 0));
    assert!(stats.oldest.unwrap() > SystemTime::now());
    kafka.advance("1m").await;
    let record = &kafka.records("orders", 1).await[0];
    assert_eq!(record.key.as_deref(), Some(&b"c1"[..]));
    assert_eq!(record.payload.as_deref(), Some(&b"later"[..]));
    assert_eq!(
        (record.partition, record.timestamp.millis()),
        (2, Some(1_234))
    );
    let names: Vec<_> = record.headers.iter().map(|header| &*header.name).collect();
    assert_eq!(names, [&b"source"[..], b"source", DELAYED_ID.as_bytes()]);
    assert_eq!(header(record, DELAYED_ID), Some(id.as_str().as_bytes()));
    let stats = app.delayed().unwrap();
    assert_eq!((stats.waiting, stats.forwarded, stats.late), (0, 1, 0));
}

#[kafka_test(topics = ["orders", "idle"])]
async fn a_tombstone_and_a_record_without_a_key_wait_as_well(kafka: EmbeddedKafka) {
    let app = scheduler(&kafka, "").await;
    let template = app.template();
    let tombstone = template.send("orders", None::<&str>).key("gone");
    tombstone.after("1s").await.unwrap();
    template.send("orders", "no key").after("2s").await.unwrap();
    template.send("orders", "").after("3s").await.unwrap();
    kafka.advance("3s").await;
    let records = kafka.records("orders", 3).await;
    let seen = records.iter().map(|record| {
        let text = |bytes: &Option<Vec<u8>>| {
            let bytes = bytes.as_ref()?;
            Some(String::from_utf8(bytes.clone()).unwrap())
        };
        (text(&record.key), text(&record.payload))
    });
    let some = |text: &str| Some(text.to_owned());
    let expected = [
        (some("gone"), None),
        (None, some("no key")),
        (None, some("")),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
}

#[kafka_test(topics = ["orders", "idle"])]
async fn what_is_cancelled_never_arrives(kafka: EmbeddedKafka) {
    let app = scheduler(&kafka, "").await;
    let template = app.template();
    let first = template.send("orders", "1").after("10m").await.unwrap();
    let second = template.send("orders", "2").after("10m").await.unwrap();
    template.cancel_delayed(&first).await.unwrap();
    kafka.advance("20m").await;
    // What is over, or was never there, is none of its business.
    template.cancel_delayed(&second).await.unwrap();
    template.cancel_delayed("never given").await.unwrap();
    kafka.advance("20m").await;
    let records = kafka.records_now("orders");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].payload.as_deref(), Some(&b"2"[..]));
    let stats = app.delayed().unwrap();
    assert_eq!((stats.waiting, stats.forwarded, stats.cancelled), (0, 1, 1));
}

#[kafka_test(topics = ["orders", "idle"])]
async fn what_waits_survives_the_application(kafka: EmbeddedKafka) {
    let app = scheduler(&kafka, "").await;
    let mut ids = Vec::new();
    for n in 0..20 {
        let send = app.template().send("orders", n.to_string());
        ids.push(send.after("10m").await.unwrap());
    }
    kafka.advance("5m").await;
    app.template().cancel_delayed(&ids[3]).await.unwrap();
    app.stop().await;
    // Due while nobody is there.
    kafka.advance("30m").await;
    assert_eq!(kafka.records_now("orders").len(), 0);
    let app = scheduler(&kafka, "").await;
    kafka.advance("1ms").await;
    let records = kafka.records("orders", 19).await;
    let mut seen: Vec<u32> = records
        .iter()
        .map(|record| {
            String::from_utf8_lossy(record.payload.as_ref().unwrap())
                .parse()
                .unwrap()
        })
        .collect();
    seen.sort_unstable();
    let expected: Vec<u32> = (0..20).filter(|n| *n != 3).collect();
    assert_eq!(seen, expected);
    let stats = app.delayed().unwrap();
    assert_eq!((stats.forwarded, stats.late), (19, 19));
    app.stop().await;
    // Nothing is sent again.
    let app = scheduler(&kafka, "").await;
    kafka.advance("1h").await;
    assert_eq!(kafka.records_now("orders").len(), 19);
    assert_eq!(app.delayed().unwrap().waiting, 0);
}

#[kafka_test(topics = ["orders", "idle"])]
async fn by_the_systems_clock_it_comes_within_a_second(kafka: EmbeddedKafka) {
    let app = scheduler(&kafka, "").await;
    let arrived = Journal::new();
    let (begun, note) = (Instant::now(), arrived.clone());
    let listener = Listener::new("arrivals", move |record: &Record| {
        let text = String::from_utf8_lossy(record.payload().unwrap()).into_owned();
        note.note((text, begun.elapsed()));
        Box::pin(async { Ok(()) })
    });
    let listener = listener.topics(["orders"]).group_id("arrivals");
    let other = kafka.app().register(listener).start().await;
    let waits = [300, 700, 1_500_u64];
    for wait in waits {
        let send = app.template().send("orders", wait.to_string());
        let at = SystemTime::now() + Duration::from_millis(wait);
        send.at(at).await.unwrap();
    }
    let sent = begun.elapsed();
    for (text, after) in arrived.reaches(3).await {
        let due = Duration::from_millis(text.parse().unwrap());
        assert!(after >= due, "{text} came after {after:?}");
        // A second, and what the sends and a busy machine take.
        let limit = sent + due + Duration::from_secs(1) + Duration::from_secs(2);
        assert!(after <= limit, "{text} came after {after:?}");
    }
    other.stop().await;
}

#[kafka_test(topics = ["orders", "idle"])]
async fn what_a_topic_refuses_is_tried_again_and_holds_up_nobody(kafka: EmbeddedKafka) {
    let small = NewTopic::new("small").config("max.message.bytes", "300");
    kafka.admin().create_topics(&[small]).await.unwrap();
    let app = scheduler(&kafka, "").await;
    let template = app.template();
    let large = "x".repeat(2_000);
    let refused = template.send("small", &*large).after("1m").await.unwrap();
    template.send("orders", "fine").after("2m").await.unwrap();
    kafka.advance("2m").await;
    assert_eq!(kafka.records("orders", 1).await.len(), 1);
    let stats = app.delayed().unwrap();
    assert_eq!((stats.waiting, stats.forwarded), (1, 1));
    assert!(stats.refused >= 2, "{stats:?}");
    template.cancel_delayed(&refused).await.unwrap();
    kafka.advance("1m").await;
    assert_eq!(app.delayed().unwrap().waiting, 0);
}

#[kafka_test(topics = ["orders", "idle"])]
async fn a_topic_that_retention_would_empty_is_refused_at_boot(kafka: EmbeddedKafka) {
    kafka.create_topic("shop-delayed", 1).await;
    let idle = Listener::new("idle", |_| Box::pin(async { Ok(()) })).topics(["idle"]);
    let app = kafka.app().register(idle.group_id("idle")).config(ON);
    let refused = app.try_start().await.unwrap_err().to_string();
    assert!(refused.contains("shop-delayed"), "{refused}");
    assert!(refused.contains("cleanup.policy=delete"), "{refused}");
}

#[kafka_test(topics = ["orders", "idle"])]
async fn without_a_topic_a_delay_is_refused(kafka: EmbeddedKafka) {
    let template = kafka.template();
    let refused = template.send("orders", "x").after("10m").await.unwrap_err();
    let told = refused.to_string();
    assert!(
        ["[kafka.delayed]", "orders", "[kafka.templates]"]
            .iter()
            .all(|said| told.contains(said)),
        "{told}"
    );
    let refused = template.cancel_delayed("x").await.unwrap_err();
    assert!(
        matches!(refused, SendError::DelayedSendsOff { .. }),
        "{refused}"
    );
    let told = refused.to_string();
    assert!(told.starts_with("nothing is cancelled"), "{told}");
    let app = scheduler(&kafka, "").await;
    let refused = app.template().send("orders", "x").after("10").await;
    let refused = refused.unwrap_err();
    assert!(
        refused.to_string().contains("cannot wait for \"10\""),
        "{refused}"
    );
    assert!(
        matches!(refused, SendError::InvalidDelay { .. }),
        "{refused}"
    );
}
