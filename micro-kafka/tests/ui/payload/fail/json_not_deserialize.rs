#![allow(unused)]

use micro_kafka::prelude::*;

struct Order;

#[kafka_listener(topics = "orders")]
async fn charge(Json(order): Json<Order>) {}

fn main() {}
