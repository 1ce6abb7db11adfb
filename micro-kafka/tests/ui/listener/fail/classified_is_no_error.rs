#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
#[kafka(skip)]
struct Declined;

#[kafka_listener(topics = "orders")]
async fn charge(payload: &[u8]) -> Result<(), Declined> {
    Err(Declined)
}

fn main() {}
