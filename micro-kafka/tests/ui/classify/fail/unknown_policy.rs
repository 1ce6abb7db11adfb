#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    #[kafka(dead_leter)]
    Declined,
    #[kafka(ignore)]
    Duplicate,
}

fn main() {}
