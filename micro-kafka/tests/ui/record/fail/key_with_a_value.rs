#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders")]
struct Order {
    #[kafka(key = "customer")]
    customer: String,
}

fn main() {}
