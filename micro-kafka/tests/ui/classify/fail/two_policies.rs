#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    #[kafka(retry, skip)]
    Declined,
    #[kafka(stop)]
    #[kafka(dead_letter)]
    Broken,
}

fn main() {}
