#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    #[kafka(skip = true)]
    Declined,
    #[kafka(retry = 3)]
    Busy,
    #[kafka(dead_letter("orders-dlt"))]
    Broken,
}

fn main() {}
