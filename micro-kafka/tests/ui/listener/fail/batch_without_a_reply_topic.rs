#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", batch, send_to)]
async fn index(clicks: Batch<Json<u8>>) -> Json<u8> {
    Json(1)
}

fn main() {}
