#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topic = "orders", groupId = "billing", banana = 1)]
async fn charge(payload: &[u8]) {}

fn main() {}
