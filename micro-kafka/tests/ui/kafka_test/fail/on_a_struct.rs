#![allow(unused)]

use micro_kafka_macros::kafka_test;

#[kafka_test]
struct Fixture;

fn main() {}
