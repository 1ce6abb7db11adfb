#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Deserialize)]
struct Order;

#[kafka_listener(topics = "orders")]
async fn charge(Validated(Json(order)): Validated<Json<Order>>) {}

fn main() {}
