#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = orders)]
struct Order {
    cents: i64,
}

fn main() {}
