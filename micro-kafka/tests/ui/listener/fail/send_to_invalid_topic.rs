#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", send_to = "the ledger")]
async fn charge() -> String {
    String::new()
}

fn main() {}
