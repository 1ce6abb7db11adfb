#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge<T, const N: usize>(Json(order): Json<T>) {}

#[kafka_listener(topics = "orders")]
async fn refund(order: impl Into<String>) {}

fn main() {}
