use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[retryable(exclude = [std::io::Error, std::io::Error])]
async fn charge(_: Text) {}

fn main() {}
