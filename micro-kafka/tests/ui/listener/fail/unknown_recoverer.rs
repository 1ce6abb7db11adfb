#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", recoverer = "nobody")]
async fn charge(payload: &[u8]) {}

fn main() {}
