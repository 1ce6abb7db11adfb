use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = "key", store = "")]
async fn charge(_: Text) {}

#[kafka_listener(topics = "orders", group_id = "refunds")]
#[idempotent(key = "key", store = memory)]
async fn refund(_: Text) {}

fn main() {}
