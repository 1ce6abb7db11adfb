use micro_kafka::prelude::*;

struct Declined;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(exclude = ["Timeout", Declined])]
async fn charge(_: Text) {}

fn main() {}
