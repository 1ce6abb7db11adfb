#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topic_partitions = "orders[0]@first")]
async fn charge() {}

fn main() {}
