#![allow(unused)]

use micro_kafka_macros::kafka_test;

struct EmbeddedKafka;

#[kafka_test(topics = ["orders:0", "refunds:six", "quotes:", ":3", "orders", "orders:3"])]
async fn nothing_is_lost(kafka: EmbeddedKafka) {}

fn main() {}
