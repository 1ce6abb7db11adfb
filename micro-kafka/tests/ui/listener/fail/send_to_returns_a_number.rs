#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", send_to = "ledger")]
async fn charge() -> u64 {
    5
}

fn main() {}
