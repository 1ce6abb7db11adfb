#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(header = "event-type", unknown = "skip")]
enum Event {
    Placed { order: Json<u8> },
}

fn main() {}
