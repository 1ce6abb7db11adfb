#![allow(unused)]

use micro_kafka::prelude::*;

struct Declined;

#[kafka_listener(topics = "orders")]
async fn charge(payload: &[u8]) -> Result<(), Declined> {
    Err(Declined)
}

fn main() {}
