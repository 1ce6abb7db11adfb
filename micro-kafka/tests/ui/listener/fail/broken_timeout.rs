#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", group_id = "g", timeout = "0s")]
async fn never(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", timeout = "5")]
async fn no_unit(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", timeout = 5)]
async fn number(click: &str) {}

fn main() {}
