#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
struct Charge;

#[kafka_listener(topics = "orders")]
mod charges {}

trait Charging {
    #[kafka_listener(topics = "orders")]
    async fn charge(payload: &[u8]);
}

fn main() {}
