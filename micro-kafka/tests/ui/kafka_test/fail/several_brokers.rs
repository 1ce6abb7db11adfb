#![allow(unused)]

use micro_kafka_macros::kafka_test;

struct EmbeddedKafka;

#[kafka_test(topics = ["orders"], brokers = 0)]
async fn nothing_is_lost(kafka: EmbeddedKafka) {}

#[kafka_test(brokers = "one")]
async fn nothing_is_repeated(kafka: EmbeddedKafka) {}

#[kafka_test(brokers = 3, shared)]
async fn nothing_is_shared(kafka: EmbeddedKafka) {}

fn main() {}
