#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    #[kafka(transparent)]
    Store(String, u8),
    #[kafka(transparent)]
    Broken,
}

fn main() {}
