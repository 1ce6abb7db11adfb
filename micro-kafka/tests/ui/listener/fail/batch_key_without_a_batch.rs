#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", batch)]
async fn index(click: Json<u8>) {}

fn main() {}
