#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = orders)]
async fn charge(payload: &[u8]) {}

#[kafka_listener(topics("orders"))]
async fn refund(payload: &[u8]) {}

#[kafka_listener(topics = ["orders", 7])]
async fn cancel(payload: &[u8]) {}

fn main() {}
