#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(heder = "event-type", unknown = "skip")]
enum Event {
    Placed,
}

fn main() {}
