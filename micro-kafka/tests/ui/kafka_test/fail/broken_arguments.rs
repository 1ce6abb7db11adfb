#![allow(unused)]

use micro_kafka_macros::kafka_test;

struct EmbeddedKafka;

#[kafka_test(topic = "orders", partitions = 0, config = 7)]
async fn nothing_is_lost(kafka: EmbeddedKafka) {}

#[kafka_test(topics = ["orders", "orders", "${orders}", "a b"])]
async fn nothing_is_repeated(kafka: EmbeddedKafka) {}

fn main() {}
