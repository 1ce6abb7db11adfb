use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(jitter = 1.5)]
async fn charge(_: Text) {}

fn main() {}
