//! Filters, error handlers, batches and replies in a strict crate with shadowed names.
#![deny(warnings)]
#![forbid(unsafe_code)]
#![allow(dead_code, reason = "names that the expansion must not use")]

struct Result;
struct Option;
struct Vec;
fn drop() {}

mod code {
    use micro_kafka::error::{Action, ListenerError};
    use micro_kafka::listener::Delivery;
    use micro_kafka::record::Record;

    pub fn keep(record: &Record) -> bool {
        record.payload().is_some()
    }

    pub fn decide(_: &Delivery, _: &ListenerError) -> Action {
        Action::Skip
    }
}

mod listeners {
    use micro_kafka::prelude::*;

    use super::code;

    #[kafka_listener(
        topics = "orders",
        batch(max = 10, linger = "5ms"),
        filter = code::keep,
        error_handler = code::decide
    )]
    async fn many(undecoded: Batch<(Json<u8>, Meta)>, cancel: Cancel) -> BatchResult<String> {
        let _ = cancel.is_cancelled();
        undecoded.settle(undecoded.iter().map(|_| Ok(())))
    }

    #[kafka_listener(topics = "orders", send_to = "ledger", filter = |record| record.key().is_some())]
    async fn target(output: &str) -> ::std::result::Result<::std::vec::Vec<Text>, String> {
        Ok(::std::vec![Text(output.to_owned())])
    }

    #[kafka_listener(topic_partitions = ["orders[0-5,7]@latest-10", "refunds[${n:0}]"], send_to)]
    async fn delivery() -> &'static str {
        "reply"
    }
}

fn main() {
    assert_eq!(micro_kafka::listener::LISTENERS.len(), 3);
}
