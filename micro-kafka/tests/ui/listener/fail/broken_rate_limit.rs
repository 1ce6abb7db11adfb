#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", group_id = "g", rate_limit = "100")]
async fn no_time(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", rate_limit = "0/s")]
async fn never(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", rate_limit("100/s"))]
async fn a_list(click: &str) {}

fn main() {}
