#![allow(unused)]

use micro_kafka::prelude::*;

fn give_up(error: String) {}

#[kafka_listener(topics = "orders", error_handler = give_up)]
async fn charge() {}

fn main() {}
