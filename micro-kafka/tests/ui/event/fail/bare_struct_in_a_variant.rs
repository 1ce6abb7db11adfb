#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Deserialize)]
struct Placed;

#[derive(KafkaEvent)]
#[kafka(header = "event-type", unknown = "skip")]
enum Event {
    Placed(Placed),
}

fn main() {}
