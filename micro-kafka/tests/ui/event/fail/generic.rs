#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(KafkaEvent)]
#[kafka(type_id, unknown = "skip")]
enum Event<T> {
    Placed(Json<T>),
}

fn main() {}
