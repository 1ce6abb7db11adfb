use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = header())]
async fn charge(_: Text) {}

#[kafka_listener(topics = "orders", group_id = "refunds")]
#[idempotent(key = header(""))]
async fn refund(_: Text) {}

fn main() {}
