use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = "key", windw = "1h")]
async fn charge(_: Text) {}

fn main() {}
