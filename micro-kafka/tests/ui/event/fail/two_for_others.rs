#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(header = "event-type")]
enum Event {
    #[kafka(other)]
    Other,
    #[kafka(other)]
    Others,
}

fn main() {}
