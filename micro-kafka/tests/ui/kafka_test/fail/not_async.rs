#![allow(unused)]

use micro_kafka_macros::kafka_test;

struct EmbeddedKafka;

#[kafka_test(topics = ["orders"])]
fn nothing_is_lost<T>(kafka: EmbeddedKafka) {}

fn main() {}
