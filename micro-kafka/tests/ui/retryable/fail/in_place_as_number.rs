use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(in_place = 3)]
async fn charge(_: Text) {}

fn main() {}
