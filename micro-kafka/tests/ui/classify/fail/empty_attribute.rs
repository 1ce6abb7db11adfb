#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    #[kafka]
    Declined,
    #[kafka()]
    Broken,
    #[kafka = "skip"]
    Duplicate,
}

fn main() {}
