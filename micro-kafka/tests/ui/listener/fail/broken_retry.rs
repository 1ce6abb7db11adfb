#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", retry = 3)]
async fn charge(payload: &[u8]) {}

#[kafka_listener(topics = "orders", retry(attempts = 0, backof = "1s"))]
async fn refund(payload: &[u8]) {}

fn main() {}
