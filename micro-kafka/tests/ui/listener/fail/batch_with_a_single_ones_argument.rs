#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", batch)]
async fn index(clicks: Batch<Json<u8>>, meta: Meta) {}

fn main() {}
