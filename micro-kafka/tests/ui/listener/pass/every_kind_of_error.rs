//! Whatever is an error may be returned.
use std::convert::Infallible;
use std::error::Error;

use micro_kafka::prelude::*;

#[derive(Debug, thiserror::Error, Classify)]
#[error("no")]
struct Classified;

type Alias<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[kafka_listener(topics = "orders")]
async fn classified() -> Result<(), Classified> {
    Err(Classified)
}

#[kafka_listener(topics = "orders")]
async fn alias() -> Alias {
    Err(Classified)?
}

#[kafka_listener(topics = "orders")]
async fn io() -> std::io::Result<()> {
    Ok(())
}

#[kafka_listener(topics = "orders")]
async fn text() -> Result<(), &'static str> {
    Err("text")
}

#[kafka_listener(topics = "orders")]
async fn never() -> Result<(), Infallible> {
    Ok(())
}

#[kafka_listener(topics = "orders")]
async fn unit() -> () {}

fn main() {
    assert_eq!(micro_kafka::listener::LISTENERS.len(), 6);
}
