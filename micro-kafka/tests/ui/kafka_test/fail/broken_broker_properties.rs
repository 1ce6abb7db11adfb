#![allow(unused)]

use micro_kafka_macros::kafka_test;

struct EmbeddedKafka;

#[kafka_test(broker = ["log.retention.ms", "=5", "num.partitions=3", "num.partitions=4"])]
async fn nothing_is_lost(kafka: EmbeddedKafka) {}

#[kafka_test(broker(log.retention.ms = 1000))]
async fn nothing_is_repeated(kafka: EmbeddedKafka) {}

fn main() {}
