#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks")]
async fn index(clicks: Batch<Json<u8>>) {}

fn main() {}
