#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "a", group_id = "b")]
async fn charge(payload: &[u8]) {}

fn main() {}
