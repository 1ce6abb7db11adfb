use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(include = ["Timeout"], exclude = ["Declined"])]
async fn charge(_: Text) {}

fn main() {}
