#![allow(unused)]

use micro_kafka_macros::kafka_test;

#[kafka_test(topics = ["orders"])]
async fn nothing_is_lost() {}

fn main() {}
