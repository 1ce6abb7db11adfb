#![allow(unused)]

use std::sync::{Arc, Mutex};

use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders")]
async fn charge(payload: &str, State(seen): State<Arc<Mutex<Vec<&'static str>>>>) {
    seen.lock().unwrap().push(payload);
}

fn main() {}
