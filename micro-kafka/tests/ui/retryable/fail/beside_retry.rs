use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing", retry(attempts = 3))]
#[retryable]
async fn charge(_: Text) {}

fn main() {}
