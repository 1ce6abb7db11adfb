#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topik = "orders")]
struct Order {
    cents: i64,
}

fn main() {}
