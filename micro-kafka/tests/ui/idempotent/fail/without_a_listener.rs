use micro_kafka::prelude::*;

#[idempotent(key = "key")]
async fn charge(_: Text) {}

fn main() {}
