#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(
    topics = "orders",
    properties = ["fetch.min.bytes", "=1", "group.id=billing", "debug=a", "debug=b"],
)]
async fn charge(payload: &[u8]) {}

fn main() {}
