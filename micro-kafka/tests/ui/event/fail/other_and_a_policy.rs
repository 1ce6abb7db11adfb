#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(header = "event-type", unknown = "skip")]
enum Event {
    Placed,
    #[kafka(other)]
    Other,
}

fn main() {}
