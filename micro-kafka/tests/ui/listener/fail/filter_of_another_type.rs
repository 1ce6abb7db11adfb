#![allow(unused)]

use micro_kafka::prelude::*;

fn is_paid(order: &str) -> bool {
    true
}

#[kafka_listener(topics = "orders", filter = is_paid)]
async fn charge() {}

fn main() {}
