//! Beside Confluent's own serializers: `xtask/programs/confluent.py`, which `cargo xtask ci confluent` has
//! run by the Python that `MICRO_KAFKA_CONFLUENT` names. Without it, only the bytes in `confluent.txt`,
//! which they have written, are read and written.

use std::path::Path;
use std::process::Output;

use micro_kafka::codec::{Avro, JsonSchema, Protobuf, Registered, SchemaKind};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use micro_kafka_test::{EmbeddedRegistry, TestApp};
use tokio::process::Command;

use super::formats::{
    ORDER, Order, Quote, Seen, settings, take_avro, take_json, take_protobuf, template,
};

/// What was written, by format, in hexadecimal.
const GOLDEN: &str = include_str!("confluent.txt");
const FORMATS: [&str; 3] = ["avro", "json", "protobuf"];
const TOPICS: [&str; 3] = ["orders", "checked", "quotes"];

fn order() -> Order {
    Order {
        id: 7,
        customer: "kü".into(),
    }
}

fn quote() -> Quote {
    Quote {
        id: 7,
        price: "9,99 €".into(),
    }
}

fn golden(format: &str) -> Vec<u8> {
    let mut lines = GOLDEN.lines().filter_map(|line| line.split_once(' '));
    let (_, hex) = lines.find(|(name, _)| *name == format).expect(format);
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// An application that sends by the schemas that are registered.
async fn start(kafka: &EmbeddedKafka, registry: &EmbeddedRegistry, seen: &Seen) -> TestApp {
    let app = kafka.app().listener(take_avro).listener(take_protobuf);
    let app = app.listener(take_json).state(seen.clone());
    let by_theirs = "auto-register = false\nuse-latest-version = true\n";
    app.config(settings(registry) + by_theirs).start().await
}

async fn handled(app: &TestApp, seen: &Seen) -> Vec<String> {
    for id in ["take_avro", "take_json", "take_protobuf"] {
        app.listener(id).settled().await;
    }
    let mut all = seen.all();
    all.sort();
    all
}

async fn send_ours(app: &TestApp) {
    let send = template(app);
    let avro = send.send("orders", Registered(Avro(&order())));
    avro.await.unwrap();
    let json = send.send("checked", Registered(JsonSchema(order())));
    json.await.unwrap();
    let protobuf = send.send("quotes", Registered(Protobuf(quote())));
    protobuf.await.unwrap();
}

async fn last(kafka: &EmbeddedKafka, topic: &str) -> Vec<u8> {
    let record = kafka.records(topic, 2).await.pop().expect("a record");
    record.payload.clone().expect("a payload")
}

/// What ours wrote is what Confluent's did.
async fn assert_same_bytes(kafka: &EmbeddedKafka) {
    for (topic, format) in TOPICS.into_iter().zip(FORMATS) {
        assert_eq!(last(kafka, topic).await, golden(format), "{format}");
    }
}

const SEEN: [&str; 3] = [
    "(7, \"9,99 €\")",
    "Order { id: 7, customer: \"kü\" }",
    "Order { id: 7, customer: \"kü\" }",
];

#[kafka_test(topics = ["orders", "checked", "quotes"])]
async fn what_confluents_serializers_have_written_is_read_and_written(kafka: EmbeddedKafka) {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let subjects = TOPICS.map(|topic| format!("{}-value", kafka.wire_name(topic)));
    let kinds = [
        (SchemaKind::Avro, ORDER),
        (SchemaKind::Json, "{}"),
        // As their serializers for Python register it: no text, but a descriptor.
        (SchemaKind::Protobuf, "CgpzaG9wLnByb3Rv"),
    ];
    for (at, (subject, (kind, text))) in subjects.iter().zip(kinds).enumerate() {
        let id = registry.register(subject, kind, text);
        assert_eq!(usize::try_from(id), Ok(at + 1));
    }
    let seen = Seen::default();
    let app = start(&kafka, &registry, &seen).await;
    for (topic, format) in TOPICS.into_iter().zip(FORMATS) {
        kafka.send(topic, Bytes(&golden(format)[..])).await;
    }
    assert_eq!(handled(&app, &seen).await, SEEN);
    send_ours(&app).await;
    assert_same_bytes(&kafka).await;
}

/// Runs the program; what it prints.
async fn confluent(python: &str, verb: &str, kafka: &EmbeddedKafka, registry: &str) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/programs/confluent.py");
    let mut command = Command::new(python);
    command.arg(program).arg(verb);
    command.args([&kafka.bootstrap_servers(), registry]);
    command.args(TOPICS.map(|topic| kafka.wire_name(topic)));
    let output = command.kill_on_drop(true).output().await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect(python);
    let said = String::from_utf8(stdout).unwrap();
    let complaint = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{verb}: {said}{complaint}");
    said
}

#[kafka_test(topics = ["orders", "checked", "quotes"])]
async fn confluents_serializers_and_ours_read_each_other(kafka: EmbeddedKafka) {
    let Ok(python) = std::env::var("MICRO_KAFKA_CONFLUENT") else {
        return;
    };
    let registry = EmbeddedRegistry::start().await.unwrap();
    let url = registry.url();
    let written = confluent(&python, "write", &kafka, &url).await;
    assert_eq!(written, GOLDEN);
    let seen = Seen::default();
    let app = start(&kafka, &registry, &seen).await;
    assert_eq!(handled(&app, &seen).await, SEEN);
    send_ours(&app).await;
    assert_same_bytes(&kafka).await;
    let read = confluent(&python, "read", &kafka, &url).await;
    let order = "{'id': 7, 'customer': 'kü'}";
    let quote = "{'id': 7, 'price': '9,99 €'}";
    assert_eq!(read, format!("{order}\n{order}\n{quote}\n"));
}
