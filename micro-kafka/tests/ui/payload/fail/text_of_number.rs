#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(Text(order): Text<u64>) {}

#[kafka_listener(topics = "orders")]
async fn refund(Bytes(order): Bytes<u64>) {}

fn main() {}
