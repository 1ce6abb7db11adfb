#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener]
async fn charge(payload: &[u8]) {}

#[kafka_listener(group_id = "billing")]
async fn refund(payload: &[u8]) {}

fn main() {}
