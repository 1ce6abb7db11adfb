#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize)]
struct Customer {
    name: String,
}

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders")]
struct Order {
    #[kafka(key)]
    customer: Customer,
}

fn main() {}
