#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", ack_mode = "manuel")]
async fn charge(payload: &[u8]) {}

fn main() {}
