#![forbid(unsafe_code)]
#![deny(warnings)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders")]
struct Order {
    #[kafka(key)]
    customer: String,
    cents: i64,
}

/// Without a key.
#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "ticks")]
struct Tick;

/// The key is a number.
#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "counts")]
struct Count(#[kafka(key)] u64, i32);

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "events")]
enum Event<'a> {
    Placed { customer: &'a str },
    Cancelled(u64),
}

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "boxes")]
struct Boxed<'a, T: Serialize + Sync> {
    #[kafka(key)]
    owner: &'a str,
    content: T,
}

/// With its topic as it shall be.
#[derive(Serialize, KafkaRecord)]
#[kafka(
    topic = "prices",
    partitions = 6,
    replication_factor = 3,
    compacted,
    configs = ["min.compaction.lag.ms = 60000", "max.message.bytes=1024"]
)]
struct Price(#[kafka(key)] u64);

fn key(record: &impl KafkaRecord) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    record.write_key(&mut key).then_some(key)
}

fn main() {
    let order = Order {
        customer: "ada".into(),
        cents: 1,
    };
    assert_eq!((order.topic(), order.cents), ("orders", 1));
    assert_eq!(key(&order).as_deref(), Some(&b"ada"[..]));
    assert_eq!((Tick.topic(), key(&Tick)), ("ticks", None));
    let count = Count(7, 1);
    assert_eq!(key(&count), Some(7_u64.to_be_bytes().into()));
    assert_eq!(count.1, 1);
    let events = [Event::Placed { customer: "ada" }, Event::Cancelled(7)];
    assert!(events.iter().all(|event| event.topic() == "events"));
    let boxed = Boxed {
        owner: "ada",
        content: [1, 2],
    };
    assert_eq!(key(&boxed).as_deref(), Some(&b"ada"[..]));
    assert_eq!(boxed.content, [1, 2]);
    let prices = micro_kafka::admin::NewTopic::new("prices")
        .partitions(6)
        .replication_factor(3)
        .compacted()
        .config("min.compaction.lag.ms", "60000")
        .config("max.message.bytes", "1024");
    assert_eq!(Price::declared_topic(), Some(prices));
    let boxes = <Boxed<'_, u8> as KafkaRecord>::declared_topic().unwrap();
    assert_eq!((boxes.name(), boxes.partition_count()), ("boxes", None));
}
