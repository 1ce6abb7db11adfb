#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
#[kafka(retry)]
enum ChargeError {
    Declined,
}

fn main() {}
