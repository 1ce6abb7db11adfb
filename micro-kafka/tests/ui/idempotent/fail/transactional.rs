use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing", transactional)]
#[idempotent(key = "key")]
async fn charge(_: Text) {}

fn main() {}
