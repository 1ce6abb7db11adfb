#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(unknown = "skip")]
enum Event {
    Placed,
}

fn main() {}
