#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaRecord)]
#[kafka(topic = "orders")]
struct Order {
    cents: i64,
}

fn main() {}
