#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders", partitions = 0, replication_factor = "3", compacted = true)]
struct Order;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders", configs = ["retention.ms", "a=1", "a=2", "=x"])]
struct Refund;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders", compacted, configs = ["cleanup.policy=delete"])]
struct Price;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders", replicas = 3, partition = 6)]
struct Tick;

fn main() {}
