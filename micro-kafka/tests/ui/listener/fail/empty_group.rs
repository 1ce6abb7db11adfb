#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "", id = " ", client_id = "a\nb")]
async fn charge(payload: &[u8]) {}

fn main() {}
