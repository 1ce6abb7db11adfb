#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener("orders")]
async fn charge(payload: &[u8]) {}

fn main() {}
