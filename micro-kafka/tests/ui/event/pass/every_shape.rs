//! Every kind of variant and name; the variants need no exhaustive imports.
#![deny(warnings)]
#![forbid(unsafe_code)]

use micro_kafka::prelude::{Headers, Json, KafkaEvent, Key, Record, kafka_listener};

#[derive(serde::Deserialize)]
struct Placed<'a> {
    customer: &'a str,
}

#[derive(KafkaEvent)]
#[kafka(header = "event-type")]
enum Borrowed<'a> {
    #[kafka(name = "order.placed")]
    Placed(Json<Placed<'a>>, Key<Option<&'a str>>, Headers<'a>),
    Cancelled,
    Empty(),
    #[kafka(other)]
    Other(&'a Record),
}

#[derive(KafkaEvent)]
#[kafka(tag = "type")]
#[kafka(unknown = "dead_letter", crate = ::micro_kafka)]
enum Tagged {
    #[allow(non_camel_case_types, reason = "a raw name")]
    r#type(Json<u8>),
}

#[derive(KafkaEvent)]
#[kafka(type_id, unknown = "skip")]
enum Nothing {}

#[kafka_listener(topics = "orders")]
async fn borrowed(event: Borrowed<'_>) {
    match event {
        Borrowed::Placed(Json(order), Key(key), headers) => {
            let _ = (order.customer, key, headers.count());
        }
        Borrowed::Cancelled | Borrowed::Empty() => {}
        Borrowed::Other(record) => drop(record.clone()),
    }
}

#[kafka_listener(topics = "orders")]
async fn tagged(event: Tagged) {
    let Tagged::r#type(Json(_)) = event;
}

#[kafka_listener(topics = "orders")]
async fn nothing(event: Nothing) {
    match event {}
}

fn main() {
    assert_eq!(micro_kafka::listener::LISTENERS.len(), 3);
}
