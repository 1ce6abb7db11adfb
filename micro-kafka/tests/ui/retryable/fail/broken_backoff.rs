use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(backoff = "1s..x4")]
async fn charge(_: Text) {}

fn main() {}
