#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(payload: &[u8]) -> Result<(), String> {
    Ok(())
}

struct Order;

#[dlt_handler(of = charge)]
async fn lost(order: Order) {}

fn main() {}
