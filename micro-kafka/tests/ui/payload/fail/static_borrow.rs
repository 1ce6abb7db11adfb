#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(payload: &'static [u8]) {}

fn main() {}
