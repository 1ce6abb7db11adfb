#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
fn charge(payload: &[u8]) {}

fn main() {}
