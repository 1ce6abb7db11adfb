use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing", ack_mode = "manual")]
#[idempotent(key = "key")]
async fn charge(_: Text, _: Acknowledgment) {}

fn main() {}
