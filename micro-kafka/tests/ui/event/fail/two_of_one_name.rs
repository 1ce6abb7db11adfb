#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(header = "event-type", unknown = "skip")]
enum Event {
    Placed,
    #[kafka(name = "Placed")]
    Made,
}

fn main() {}
