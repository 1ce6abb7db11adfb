#![allow(unused)]

use micro_kafka::prelude::*;

struct Gateway;

#[kafka_listener(topics = "orders")]
async fn charge(State(gateway): State<Gateway>) {}

fn main() {}
