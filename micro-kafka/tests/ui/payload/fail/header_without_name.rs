#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(source: Header<&str>, trace: Option<Header<&str>>) {}

#[kafka_listener(topics = "orders")]
async fn refund(#[header] source: Header<&str>, #[header("")] trace: &str) {}

#[kafka_listener(topics = "orders")]
async fn cancel(#[header("a")] #[header("b")] source: Header<&str>) {}

fn main() {}
