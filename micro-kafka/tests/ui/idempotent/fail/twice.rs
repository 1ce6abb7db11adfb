use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = "key")]
#[idempotent(key = "offset")]
async fn charge(_: Text) {}

fn main() {}
