#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topic_pattern = "orders(.*")]
async fn open() {}

#[kafka_listener(topic_pattern = "(?i)orders")]
async fn flags() {}

#[kafka_listener(topic_pattern = "")]
async fn empty() {}

fn main() {}
