#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topic_partitions = "orders")]
async fn none() {}

#[kafka_listener(topic_partitions = "orders[5-3]")]
async fn upside_down() {}

#[kafka_listener(topic_partitions = "orders[0-3,2]")]
async fn twice() {}

fn main() {}
