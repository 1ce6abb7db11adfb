#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(header = "event-type")]
enum Event {
    Placed(Json<u8>),
}

fn main() {}
