#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(header = "event-type", tag = "type", unknown = "skip")]
enum Event {
    Placed,
}

fn main() {}
