#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders")]
enum OrderEvent {
    Placed {
        #[kafka(key)]
        customer: String,
    },
    Cancelled(#[kafka(key)] u64),
}

fn main() {}
