#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders of today")]
struct Order {
    cents: i64,
}

fn main() {}
