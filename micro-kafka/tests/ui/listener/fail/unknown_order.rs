use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing", order = "keys")]
async fn by_keys(_order: &str) {}

#[kafka_listener(topics = "orders", group_id = "billing", dispatch = "threads")]
async fn on_threads(_order: &str) {}

#[kafka_listener(topics = "orders", group_id = "billing", order = "key", parallelism = 0)]
async fn with_none(_order: &str) {}

fn main() {}
