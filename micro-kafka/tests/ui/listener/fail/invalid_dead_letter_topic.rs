#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", dead_letter_topic = "lost orders")]
async fn charge(payload: &[u8]) {}

fn main() {}
