#![allow(unused)]

use micro_kafka_macros::kafka_test;

struct EmbeddedKafka;

#[kafka_test(topics = ["orders"])]
async fn nothing_is_lost(kafka: EmbeddedKafka, partitions: u32) {}

fn main() {}
