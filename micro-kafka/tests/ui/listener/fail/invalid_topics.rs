#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = ["..", "new orders", "größe", "orders", "orders"])]
async fn charge(payload: &[u8]) {}

fn main() {}
