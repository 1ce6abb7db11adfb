use micro_kafka::prelude::*;

#[idempotent(key = "key")]
struct Order;

fn main() {}
