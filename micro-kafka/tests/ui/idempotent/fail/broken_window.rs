use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = "key", window = "an hour")]
async fn charge(_: Text) {}

#[kafka_listener(topics = "orders", group_id = "refunds")]
#[idempotent(key = "key", window = "0s")]
async fn refund(_: Text) {}

fn main() {}
