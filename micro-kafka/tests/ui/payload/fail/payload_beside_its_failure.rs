#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(text: Text, order: Result<Json<u8>, DecodeError>) {}

fn main() {}
