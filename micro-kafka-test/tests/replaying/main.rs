//! Dead letters that go back: as they were, once, and to the group that has failed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod choosing;
mod failing_again;
mod files;
mod groups;
mod killing;
mod once;
mod repairing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka::record::{OwnedHeader, OwnedRecord};
use micro_kafka::replay::{
    REPLAY_COUNT, REPLAY_GROUP, REPLAY_ID, REPLAY_OF, REPLAY_TOPIC, Repair, Replay, ReplayError,
};
use micro_kafka_test::prelude::*;

/// What handlers need, and what is wrong with it as long as it is.
#[derive(Clone, Default)]
struct Gateway(Arc<AtomicBool>);

impl Gateway {
    fn mend(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn charge(&self) -> Result<(), ChargeError> {
        match self.0.load(Ordering::SeqCst) {
            true => Ok(()),
            false => Err(ChargeError::Timeout),
        }
    }
}

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("gateway timed out")]
    #[kafka(dead_letter)]
    Timeout,
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(
    order: &str,
    State(gateway): State<Gateway>,
    State(charged): State<Journal<String>>,
) -> Result<(), ChargeError> {
    gateway.charge()?;
    charged.note(order.to_owned());
    Ok(())
}

#[kafka_listener(topics = "orders", group_id = "audit")]
async fn audit(order: &str, State(audited): State<Audited>) {
    audited.0.note(order.to_owned());
}

#[derive(Clone, Default)]
struct Audited(Journal<String>);

/// A replay without an application.
fn replay(kafka: &EmbeddedKafka, topic: &str) -> Replay {
    replay_at(&kafka.bootstrap_servers(), namespace(kafka), topic)
}

fn namespace(kafka: &EmbeddedKafka) -> &str {
    kafka.template().namespace().trim_end_matches('.')
}

fn replay_at(servers: &str, namespace: &str, topic: &str) -> Replay {
    let mut config = Config::builder().set("kafka.bootstrap-servers", servers);
    if !namespace.is_empty() {
        config = config.set("kafka.namespace", namespace);
    }
    Replay::new(&config.build().unwrap(), topic).unwrap()
}

/// A letter as a recoverer would have written it, sent to `orders-dlt`.
struct Letter<'k> {
    kafka: &'k EmbeddedKafka,
    payload: String,
    key: Option<Vec<u8>>,
    error: &'static str,
    listener: &'static str,
    fingerprint: &'static str,
    topic: &'static str,
    partition: i32,
    timestamp: Option<i64>,
    headers: Vec<(&'static str, Vec<u8>)>,
}

impl<'k> Letter<'k> {
    fn new(kafka: &'k EmbeddedKafka, payload: impl Into<String>) -> Self {
        Self {
            kafka,
            payload: payload.into(),
            key: None,
            error: "Timeout",
            listener: "charge",
            fingerprint: "f1",
            topic: "orders",
            partition: 0,
            timestamp: None,
            headers: Vec::new(),
        }
    }

    fn send(&self) -> micro_kafka::template::SendBuilder {
        let (topic, group) = (
            self.kafka.wire_name(self.topic),
            self.kafka.wire_name("billing"),
        );
        let template = self.kafka.template();
        let mut send = template
            .send("orders-dlt", &*self.payload)
            .header("kafka_dlt-original-topic", topic)
            .header("kafka_dlt-original-partition", self.partition.to_be_bytes())
            .header("kafka_dlt-original-offset", 7_i64.to_be_bytes())
            .header("kafka_dlt-original-consumer-group", group)
            .header("mk-error", self.error)
            .header("mk-listener", self.listener)
            .header("mk-fingerprint", self.fingerprint);
        if let Some(key) = &self.key {
            send = send.key(key);
        }
        if let Some(millis) = self.timestamp {
            send = send.timestamp(millis);
        }
        for (name, value) in &self.headers {
            send = send.header(name, value);
        }
        send
    }
}

/// Many letters, told apart by their payloads `0`, `1`, ….
async fn letters(kafka: &EmbeddedKafka, count: usize) {
    let all = (0..count).map(|n| Letter::new(kafka, n.to_string()));
    let sends = all.map(|letter| letter.send());
    for sent in kafka.template().send_all(sends).await {
        sent.unwrap();
    }
}

fn header<'r>(record: &'r OwnedRecord, name: &str) -> Option<&'r [u8]> {
    let mut headers = record.headers.iter();
    let found = headers.find(|header| header.name == name.as_bytes())?;
    found.value.as_deref()
}

fn texts(records: &[Arc<OwnedRecord>]) -> Vec<String> {
    let text = |record: &Arc<OwnedRecord>| {
        String::from_utf8_lossy(record.payload.as_deref().unwrap_or_default()).into_owned()
    };
    let mut texts: Vec<_> = records.iter().map(text).collect();
    texts.sort();
    texts
}

/// How often each payload is in a topic, where that is not once.
fn not_once(records: &[Arc<OwnedRecord>], expected: usize) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = (0..expected).map(|n| (n.to_string(), 0)).collect();
    for text in texts(records) {
        *counts.entry(text).or_default() += 1;
    }
    counts.retain(|_, count| *count != 1);
    counts
}

/// Of the one letter on partition 2.
async fn tells_what_it_would_do(kafka: &EmbeddedKafka, replay: &Replay) {
    let plan = replay.dry_run().await.unwrap();
    assert_eq!((plan.selected, plan.passed, plan.foreign), (1, 0, 0));
    assert_eq!(plan.by_error.get("Timeout"), 1);
    assert_eq!(plan.by_listener.get("charge"), 1);
    let partition = format!("{}-2", kafka.wire_name("orders-dlt"));
    assert_eq!(plan.by_partition.get(&partition), 1, "{plan}");
    assert_eq!(plan.by_destination.get(&kafka.wire_name("orders")), 1);
    let [sample] = &*plan.samples else {
        panic!("one sample: {plan}");
    };
    assert_eq!(sample.failure.error, "Timeout");
    let print = sample.failure.fingerprint.clone().unwrap();
    assert_eq!(plan.by_fingerprint.get(&print), 1);
}

#[kafka_test(topics = ["orders", "orders-dlt"], partitions = 3)]
async fn a_record_goes_back_as_it_was(kafka: EmbeddedKafka) {
    let (gateway, charged) = (Gateway::default(), Journal::<String>::new());
    let app = kafka.app().listener(charge).state(gateway.clone());
    let app = app.state(charged.clone()).start().await;
    let template = kafka.template();
    template
        .send("orders", "first")
        .key([0, 0xff])
        .partition(2)
        .timestamp(1_700_000_000_123)
        .header("source", "web")
        .header("empty", "")
        .header("source", [0xff, 0])
        .await
        .unwrap();
    app.listener("charge")
        .settled()
        .await
        .assert_dead_lettered(1);
    let before = Arc::clone(&kafka.records_now("orders")[0]);
    gateway.mend();

    let replay = app.replay("orders-dlt");
    tells_what_it_would_do(&kafka, &replay).await;
    let report = replay.run("mended").await.unwrap();
    assert_eq!((report.sent, report.resumed), (1, false));
    assert_eq!(charged.reaches(1).await, ["first"]);
    let all = kafka.topic("orders").assert_exactly(2).await;
    let again = all.iter().max_by_key(|record| record.offset).unwrap();
    assert_eq!(again.partition, 2);
    assert_eq!((&again.key, &again.payload), (&before.key, &before.payload));
    assert_ne!(
        again.timestamp, before.timestamp,
        "it is as young as its replay"
    );
    assert_eq!(again.headers[..3], before.headers[..]);
    let letter = format!("{}-2@0", kafka.wire_name("orders-dlt"));
    let markers = [
        (REPLAY_ID, "mended".to_owned()),
        (REPLAY_GROUP, kafka.wire_name("billing")),
        (REPLAY_TOPIC, kafka.wire_name("orders")),
        (REPLAY_OF, letter),
        (REPLAY_COUNT, "1".to_owned()),
    ];
    let markers = markers.map(|(name, value)| OwnedHeader::new(name, value));
    assert_eq!(again.headers[3..], markers);
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn a_dry_run_changes_nothing(kafka: EmbeddedKafka) {
    letters(&kafka, 20).await;
    let replay = replay(&kafka, "orders-dlt");
    for _ in 0..2 {
        assert_eq!(replay.dry_run().await.unwrap().selected, 20);
        assert_eq!(replay.dry_run_of("some").await.unwrap().selected, 20);
    }
    kafka.topic("orders").assert_none().await;
    kafka.topic("orders-dlt").assert_exactly(20).await;
    let admin = kafka.admin();
    for group in ["mk-replay-some", "mk-replay-dry-run"] {
        assert!(admin.committed_offsets(group).await.unwrap().is_empty());
    }
    let report = replay.run("some").await.unwrap();
    assert_eq!(report.sent, 20);
    assert_eq!(replay.dry_run_of("some").await.unwrap().selected, 0);
    assert_eq!(replay.dry_run().await.unwrap().selected, 20);
}

#[kafka_test(topics = ["orders", "orders-dlt"], clock = "paused")]
async fn records_are_sent_at_a_rate(kafka: EmbeddedKafka) {
    letters(&kafka, 30).await;
    let app = kafka.app().listener(audit).state(Audited::default());
    let app = app.start().await;
    let replay = app.replay("orders-dlt").rate(50);
    let running = tokio::spawn(async move { replay.run("slow").await });
    for tenth in 1..=6_usize {
        kafka.records("orders", tenth * 5).await;
        assert_eq!(kafka.records_now("orders").len(), tenth * 5);
        if tenth < 6 {
            while app.clock().next_due().is_none() {
                tokio::task::yield_now().await;
            }
            kafka.advance("100ms").await;
        }
    }
    assert_eq!(running.await.unwrap().unwrap().sent, 30);
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn what_cannot_be_replayed_says_why(kafka: EmbeddedKafka) {
    let error = replay(&kafka, "none-dlt").dry_run().await.unwrap_err();
    assert!(
        error.to_string().contains("none-dlt` does not exist"),
        "{error}"
    );
    let valid = replay(&kafka, "orders-dlt");
    for id in ["", "a b", "a/b", &"x".repeat(101)] {
        let error = valid.run(id).await.unwrap_err();
        assert!(matches!(error, ReplayError::Id { .. }), "{error}");
    }
    let gone = Letter {
        topic: "gone",
        ..Letter::new(&kafka, "1")
    };
    gone.send().await.unwrap();
    let error = valid.run("gone").await.unwrap_err().to_string();
    let letter = format!("{}-0@0", kafka.wire_name("orders-dlt"));
    assert!(
        error.contains("gone` does not exist") && error.contains(&letter),
        "{error}"
    );
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn what_is_no_dead_letter_stays(kafka: EmbeddedKafka) {
    kafka.send("orders-dlt", "plain").await;
    let internal = Letter {
        topic: "__consumer_offsets",
        ..Letter::new(&kafka, "forged")
    };
    if kafka.template().namespace().is_empty() {
        internal.send().await.unwrap();
    } else {
        kafka.send("orders-dlt", "plain").await;
    }
    let circle = Letter {
        topic: "orders-dlt",
        ..Letter::new(&kafka, "circle")
    };
    circle.send().await.unwrap();
    Letter::new(&kafka, "1").send().await.unwrap();
    let report = replay(&kafka, "orders-dlt").run("all").await.unwrap();
    assert_eq!((report.sent, report.foreign), (1, 3));
}
