#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", auto_startup = "false")]
async fn charge(payload: &[u8]) {}

fn main() {}
