#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(header = "event-type", unknown = "dead-letter")]
enum Event {
    Placed,
}

fn main() {}
