#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(payload: &[u8]) -> Result<(), String> {
    Ok(())
}

#[dlt_handler(off = charge)]
async fn lost(payload: &[u8]) {}

fn main() {}
