use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = "ofset")]
async fn charge(_: Text) {}

fn main() {}
