//! Prices are asked for by a record, and come back as a record. Either side may be a Spring service:
//! the headers are Spring's.
//!
//! Run with `cargo run -p request-reply`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka::template::{ReplyTo, RequestError};
use micro_kafka_broker::Broker;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    article: String,
    pieces: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Quote {
    seller: String,
    cents: i64,
}

#[derive(Debug, thiserror::Error, Classify)]
enum PriceError {
    #[error("there is no {0}")]
    #[kafka(dead_letter)]
    Unknown(String),
}

/// Answers by what it returns: `send_to` alone sends it where the request asks for it.
#[kafka_listener(topics = "stock", group_id = "stock", send_to)]
async fn stock(Json(order): Json<Order>) -> Json<i64> {
    Json(if order.article == "tea" { 40 } else { 0 })
}

/// Answers by hand, which can tell of errors as well.
#[kafka_listener(topics = "pricing", group_id = "green-shop")]
async fn price(Json(order): Json<Order>, reply: ReplyTo) -> Result<(), SendError> {
    if order.article != "tea" {
        reply.fail(&PriceError::Unknown(order.article)).await?;
        return Ok(());
    }
    let quote = Quote {
        seller: "green shop".to_owned(),
        cents: order.pieces * 450,
    };
    reply.send(Json(quote)).await?;
    Ok(())
}

/// Another shop, which reads the same requests in a group of its own.
#[kafka_listener(topics = "pricing", group_id = "blue-shop", send_to)]
async fn price_elsewhere(Json(order): Json<Order>) -> Option<Json<Quote>> {
    (order.article == "tea").then(|| {
        Json(Quote {
            seller: "blue shop".to_owned(),
            cents: order.pieces * 440,
        })
    })
}

fn order(article: &str) -> Order {
    Order {
        article: article.to_owned(),
        pieces: 2,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("stock", 1).topic("pricing", 1);
    let broker = broker.start().await?;
    let settings = Config::builder()
        .set("kafka.bootstrap-servers", broker.bootstrap_servers())
        .set("kafka.template.reply-topic", "answers") // made if it is missing
        .set("kafka.producer.linger", "0ms"); // a request leaves at once
    let app = KafkaApp::builder().config_from(settings);
    let app = app.build()?.start().await?;
    let kafka = app.template();

    let Json(pieces): Json<i64> = kafka.request("stock", Json(order("tea"))).await?;
    println!("{pieces} packets of tea are in stock");

    // One answer of each shop; the cheapest is taken.
    let asked = kafka.request("pricing", Json(order("tea"))).gather(2);
    let mut quotes: Vec<Json<Quote>> = asked.await?.replies;
    quotes.sort_by_key(|quote| quote.0.cents);
    for Json(quote) in &quotes {
        println!("{}: {} cents", quote.seller, quote.cents);
    }

    let asked = kafka.request::<Json<Quote>>("pricing", Json(order("coal")));
    match asked.timeout(Duration::from_secs(20)).await {
        Ok(Json(quote)) => println!("{}: {} cents", quote.seller, quote.cents),
        Err(KafkaError::Request(RequestError::Refused { error, message, .. })) => {
            println!("refused: {error}: {message}");
        }
        Err(error) => return Err(error.into()),
    }
    app.stop().await;
    broker.stop().await;
    Ok(())
}
