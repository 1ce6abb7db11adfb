use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(include = ["no such error!"])]
async fn charge(_: Text) {}

fn main() {}
