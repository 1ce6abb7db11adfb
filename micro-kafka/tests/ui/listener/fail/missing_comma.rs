#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders" group_id = "billing")]
async fn charge(payload: &[u8]) {}

#[kafka_listener(topics = "orders", retry(attempts = 3) group_id = "billing")]
async fn refund(payload: &[u8]) {}

fn main() {}
