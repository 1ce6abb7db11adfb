use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(dlt_routing = "Timeout")]
async fn charge(_: Text) {}

fn main() {}
