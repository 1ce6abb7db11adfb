#![allow(unused)]

use micro_kafka_macros::kafka_test;

struct EmbeddedKafka;

#[kafka_test]
#[test]
async fn nothing_is_lost(kafka: EmbeddedKafka) {}

fn main() {}
