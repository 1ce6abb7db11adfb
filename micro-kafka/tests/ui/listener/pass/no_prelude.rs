//! A crate in which no name is what it seems.
#![no_implicit_prelude]

use ::micro_kafka::prelude::{Classify, Duration, Json, State, kafka_listener};

#[derive(Classify)]
enum Policy {
    #[kafka(retry(attempts = 2, backoff = "1s..5m"))]
    _Some(::std::string::String),
    #[kafka(retry_after)]
    _None(Duration),
}

#[kafka_listener(topics = "orders", group_id = "billing", concurrency = 2, ack_mode = "batch",
    retry(attempts = 3, backoff = "1s..5m"), properties = "debug=all")]
async fn charge(
    Json(order): Json<u64>,
    State(state): State<u8>,
) -> ::std::result::Result<(), ::std::string::String> {
    let _ = (order, state);
    ::std::result::Result::Ok(())
}

fn main() {
    ::std::assert_eq!(::micro_kafka::listener::LISTENERS.len(), 1);
}
