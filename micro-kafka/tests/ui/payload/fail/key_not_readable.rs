#![allow(unused)]

use micro_kafka::prelude::*;

struct CustomerId;

#[kafka_listener(topics = "orders")]
async fn charge(Key(customer): Key<CustomerId>) {}

fn main() {}
