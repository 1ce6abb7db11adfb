#![allow(unused)]

use micro_kafka_macros::kafka_test;

struct EmbeddedKafka;

#[kafka_test(clock = "pause")]
async fn nothing_is_lost(kafka: EmbeddedKafka) {}

#[kafka_test(clock)]
async fn nothing_is_repeated(kafka: EmbeddedKafka) {}

fn main() {}
