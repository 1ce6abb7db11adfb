#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = [])]
async fn charge(payload: &[u8]) {}

#[kafka_listener(topics = "")]
async fn refund(payload: &[u8]) {}

#[kafka_listener(topics = )]
async fn cancel(payload: &[u8]) {}

fn main() {}
