#![allow(unused)]

use micro_kafka::prelude::*;

struct Billing;

impl Billing {
    #[kafka_listener(topics = "orders")]
    async fn charge(&mut self, payload: &[u8]) {}
}

fn main() {}
