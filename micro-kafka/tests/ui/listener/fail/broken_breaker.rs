#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", group_id = "g", breaker(window = 1))]
async fn too_small(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", breaker(wait = "5"))]
async fn no_unit(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", breaker(size = 5))]
async fn unknown(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", breaker = 20)]
async fn assigned(click: &str) {}

fn main() {}
