use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing", batch)]
#[idempotent(key = "key")]
async fn charge(_: Batch<Text>) {}

fn main() {}
