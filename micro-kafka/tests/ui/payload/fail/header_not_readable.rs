#![allow(unused)]

use micro_kafka::prelude::*;

struct Source;

#[kafka_listener(topics = "orders")]
async fn charge(#[header("source")] source: Header<Source>) {}

fn main() {}
