use micro_kafka::prelude::*;

#[retryable(attempts = 5)]
async fn charge(_: Text) {}

fn main() {}
