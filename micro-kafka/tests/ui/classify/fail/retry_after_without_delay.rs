#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Classify)]
enum ChargeError {
    #[kafka(retry_after)]
    Busy,
    #[kafka(retry_after)]
    Quota(Duration, Duration),
    #[kafka(retry_after)]
    Limit { code: u16, text: String },
}

fn main() {}
