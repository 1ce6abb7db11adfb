use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(suffixing = "by-delay")]
async fn charge(_: Text) {}

fn main() {}
