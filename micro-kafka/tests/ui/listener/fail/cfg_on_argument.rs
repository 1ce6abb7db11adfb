#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(#[cfg(unix)] payload: &[u8]) {}

fn main() {}
