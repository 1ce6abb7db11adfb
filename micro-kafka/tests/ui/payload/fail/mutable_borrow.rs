#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(payload: &mut [u8]) {}

fn main() {}
