#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", topic_pattern = "orders.*")]
async fn charge() {}

fn main() {}
