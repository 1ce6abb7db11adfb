//! A crate that gives std's names, and the macro's own, other meanings.
#![allow(dead_code, unused_macros, non_camel_case_types)]

use micro_kafka::prelude::*;

struct Result;
struct Option;
struct String;
struct Box;
struct Some;
struct Ok;
struct Err;
struct None;
struct str;
struct Some_;
trait Send {}
trait FromRecord {}
trait Future {}
mod core {}
mod std {}
mod micro_kafka_ {}

macro_rules! line {
    () => {
        compile_error!("not the line that was meant")
    };
}

#[derive(Debug, Classify)]
enum Policy {
    #[kafka(retry(attempts = 2, backoff = "1s"))]
    Inherit,
    Retry,
}

#[kafka_listener(topics = "orders", group_id = "billing", retry(attempts = 3))]
async fn charge(Json(delivery): Json<u64>, Key(output): Key<u8>) -> ::std::result::Result<(), ::std::io::Error> {
    let _ = (delivery, output);
    ::std::result::Result::Ok(())
}

#[kafka_listener(topics = "orders")]
async fn delivery(payload: &[u8]) {
    let _ = payload;
}

#[kafka_listener(topics = "orders")]
async fn invoke(boot: &[u8]) {
    let _ = boot;
}

#[kafka_listener(topics = "orders")]
async fn way() {}

#[kafka_listener(topics = "orders")]
async fn output(argument_0: &[u8], argument_1: Meta) {
    let _ = (argument_0, argument_1);
}

fn main() {
    assert_eq!(micro_kafka::listener::LISTENERS.len(), 5);
}
