use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable]
#[retryable(attempts = 5)]
async fn charge(_: Text) {}

fn main() {}
