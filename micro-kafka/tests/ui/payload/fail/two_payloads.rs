#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(raw: &[u8], Json(order): Json<u64>) {}

#[kafka_listener(topics = "orders")]
async fn refund(order: Option<Json<u64>>, text: &str) {}

fn main() {}
