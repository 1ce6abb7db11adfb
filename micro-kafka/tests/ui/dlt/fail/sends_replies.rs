#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(payload: &[u8]) -> Result<(), String> {
    Ok(())
}

#[dlt_handler(of = charge, send_to = "audit")]
async fn lost(payload: &[u8]) -> Result<String, String> {
    Ok(String::new())
}

fn main() {}
