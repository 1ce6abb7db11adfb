#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", batch)]
async fn index(clicks: Batch<Json<u8>>, keys: Batch<Key<String>>) {}

fn main() {}
