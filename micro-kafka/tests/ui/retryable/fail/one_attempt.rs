use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(attempts = 1)]
async fn charge(_: Text) {}

fn main() {}
