#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    #[kafka(transparent)]
    Store(std::io::Error),
}

fn main() {}
