#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
union ChargeError {
    code: u32,
}

fn main() {}
