#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(payload: &[u8]) -> u32 {
    1
}

#[kafka_listener(topics = "orders")]
async fn refund(payload: &[u8]) -> Result<u32, String> {
    Ok(1)
}

fn main() {}
