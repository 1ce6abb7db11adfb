#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka]
struct Order {
    #[kafka()]
    customer: String,
}

fn main() {}
