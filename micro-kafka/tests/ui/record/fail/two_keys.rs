#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders")]
struct Order {
    #[kafka(key)]
    customer: String,
    #[kafka(key)]
    article: String,
}

fn main() {}
