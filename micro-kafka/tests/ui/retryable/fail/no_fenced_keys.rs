use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(order = "key", max_fenced_keys = 0)]
async fn charge(_: Text) {}

fn main() {}
