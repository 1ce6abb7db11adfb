use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent]
async fn charge(_: Text) {}

#[kafka_listener(topics = "orders", group_id = "refunds")]
#[idempotent(window = "1h")]
async fn refund(_: Text) {}

fn main() {}
