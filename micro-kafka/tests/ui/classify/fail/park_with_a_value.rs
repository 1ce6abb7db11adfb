use micro_kafka::prelude::*;

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("later")]
    #[kafka(park(for = "1m"))]
    Later,
}

fn main() {}
