#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge() -> Json<u8> {
    Json(1)
}

fn main() {}
