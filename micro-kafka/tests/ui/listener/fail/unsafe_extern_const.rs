#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async unsafe fn charge(payload: &[u8]) {}

#[kafka_listener(topics = "orders")]
extern "C" fn refund() {}

#[kafka_listener(topics = "orders")]
const fn cancel() {}

fn main() {}
