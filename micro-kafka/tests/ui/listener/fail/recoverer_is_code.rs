#![allow(unused)]

use micro_kafka::prelude::*;

fn lose() {}

#[kafka_listener(topics = "orders", recoverer = lose)]
async fn charge(payload: &[u8]) {}

fn main() {}
