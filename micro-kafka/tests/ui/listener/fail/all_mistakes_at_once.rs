#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topic = "orders", concurrency = "3", ack_mode = "auto", group_id = "${a")]
fn charge<T>(#[header] source: &str, Json(order): Json<T>, payload: &[u8]) {}

fn main() {}
