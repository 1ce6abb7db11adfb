#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", retry(attempts = 3, backoff = "5"))]
async fn charge(payload: &[u8]) {}

#[kafka_listener(topics = "orders", retry(backoff = "5m..1s x4"))]
async fn refund(payload: &[u8]) {}

#[kafka_listener(topics = "orders", retry(backoff = "1s x4"))]
async fn cancel(payload: &[u8]) {}

#[kafka_listener(topics = "orders", retry(backoff = "${wait:1s}"))]
async fn forget(payload: &[u8]) {}

fn main() {}
