#![allow(unused)]

use std::rc::Rc;

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(payload: &[u8]) {
    let shared = Rc::new(payload);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {}
