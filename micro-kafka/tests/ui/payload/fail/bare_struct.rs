#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Deserialize)]
struct Order;

#[kafka_listener(topics = "orders")]
async fn charge(order: Order) {}

#[kafka_listener(topics = "orders")]
async fn refund(order: &Order) {}

fn main() {}
