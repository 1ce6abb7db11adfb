#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]
//! Every form of a key, in a strict crate.

use micro_kafka::prelude::*;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Order {
    shop: String,
    id: u64,
}

fn id(record: &Record) -> Option<i64> {
    Some(record.offset())
}

#[kafka_listener(topics = "a", group_id = "a")]
#[idempotent(key = header("event-id"), store = "${store:memory}", window = "${window:1h}")]
async fn by_header(_: Text) {}

#[idempotent(key = "key")]
#[kafka_listener(topics = "a", group_id = "b")]
async fn above(_: Text) {}

#[idempotent(key = "offset")]
#[kafka_listener(topics = "a", group_id = "c")]
#[retryable]
async fn with_retries(_: Text) {}

#[kafka_listener(topics = "a", group_id = "d")]
#[idempotent(key = id)]
async fn by_function(_: Text) {}

#[kafka_listener(topics = "a", group_id = "e")]
#[idempotent(key = |record: &Record| record.key().map(<[u8]>::len))]
async fn by_closure(_: Text) {}

#[kafka_listener(topics = "a", group_id = "f")]
#[idempotent(key = format!("{}-{delivery}", order.id))]
async fn by_expression(
    Json(mut order): Json<Order>,
    meta: Meta,
    #[header("delivery")] delivery: &str,
) -> Result<(), std::io::Error> {
    order.id += 1;
    println!("{} {} {delivery} {}", order.id, order.shop, meta.offset());
    Ok(())
}

#[kafka_listener(topics = "a", group_id = "g")]
#[idempotent(key = id)]
async fn by_argument_itself(#[header("id")] id: u64) {
    println!("{id}");
}

#[kafka_listener(topics = "a", group_id = "h", transactional, send_to = "b")]
#[idempotent(key = "key", store = "topic")]
async fn in_transactions(text: String) -> String {
    text
}

#[dlt_handler(of = by_header)]
#[idempotent(key = "offset")]
async fn letters(_: Text) {}

fn main() {
    let _ = (by_header, above, with_retries, by_function, by_closure);
    let _ = (by_expression, by_argument_itself, letters, in_transactions);
}
