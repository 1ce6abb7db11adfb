#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaRecord)]
#[kafka(topic = "orders")]
union Order {
    cents: i64,
    pieces: u64,
}

fn main() {}
