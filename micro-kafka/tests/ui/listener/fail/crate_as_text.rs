#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", crate = "::micro_kafka")]
async fn charge(payload: &[u8]) {}

fn main() {}
