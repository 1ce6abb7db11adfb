#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", filter = is_paid)]
async fn charge() {}

fn main() {}
