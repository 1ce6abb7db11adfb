#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", concurrency = "3")]
async fn charge(payload: &[u8]) {}

fn main() {}
