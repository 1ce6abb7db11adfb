use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(order = "keys")]
async fn charge(_: Text) {}

fn main() {}
