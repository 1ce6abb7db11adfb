#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    #[kafka(retry_after)]
    Quota(u64),
}

fn main() {}
