#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", container = "")]
async fn charge() {}

fn main() {}
