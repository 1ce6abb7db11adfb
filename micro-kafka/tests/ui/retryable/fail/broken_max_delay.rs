use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(max_delay = "5 minutes")]
async fn charge(_: Text) {}

fn main() {}
