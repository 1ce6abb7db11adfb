#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
struct Order {
    #[kafka(key)]
    customer: String,
}

fn main() {}
