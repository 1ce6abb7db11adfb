#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(header = "event-type")]
struct Event;

fn main() {}
