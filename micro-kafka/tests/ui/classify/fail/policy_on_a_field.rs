#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    Quota(#[kafka(retry_after)] Duration),
}

fn main() {}
