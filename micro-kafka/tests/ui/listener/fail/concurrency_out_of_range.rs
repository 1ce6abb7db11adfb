#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", concurrency = 0)]
async fn charge(payload: &[u8]) {}

#[kafka_listener(topics = "orders", concurrency = -1)]
async fn refund(payload: &[u8]) {}

#[kafka_listener(topics = "orders", concurrency = 1_000_000_000)]
async fn cancel(payload: &[u8]) {}

fn main() {}
