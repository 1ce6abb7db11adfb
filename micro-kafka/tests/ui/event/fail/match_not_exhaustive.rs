#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(type_id, unknown = "skip")]
enum Event {
    Placed(Json<u8>),
    Cancelled,
}

#[kafka_listener(topics = "orders")]
async fn on(event: Event) {
    match event {
        Event::Placed(Json(id)) => drop(id),
    }
}

fn main() {}
