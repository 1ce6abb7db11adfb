#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders", topic = "refunds")]
struct Order {
    cents: i64,
}

fn main() {}
