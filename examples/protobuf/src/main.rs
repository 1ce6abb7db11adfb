//! Payloads in Protobuf, by messages of prost.
//!
//! Run with `cargo run -p protobuf --features all`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::codec::Protobuf;
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;

/// As prost-build makes it of `message Order { uint64 id = 1; string customer = 2; repeated Line
/// lines = 3; }`.
#[derive(Clone, PartialEq, prost::Message)]
struct Order {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(string, tag = "2")]
    customer: String,
    #[prost(message, repeated, tag = "3")]
    lines: Vec<Line>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Line {
    #[prost(string, tag = "1")]
    article: String,
    #[prost(sint64, tag = "2")]
    cents: i64,
}

/// The rules of the message apply to the payload, too.
impl Validate for Order {
    fn validate(&self, check: &mut Violations) {
        check.that(!self.lines.is_empty(), "lines", "must not be empty");
    }
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(Validated(Protobuf(order)): Validated<Protobuf<Order>>) {
    let cents: i64 = order.lines.iter().map(|line| line.cents).sum();
    println!("{}: {} pays {cents} cents", order.id, order.customer);
}

/// What cannot be read, or breaks a rule, comes here with its bytes.
#[dlt_handler(of = charge)]
async fn refused(payload: &[u8], why: Failure) {
    println!("{} bytes refused: {}", payload.len(), why.error);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("orders", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(settings);
    let app = app.build()?.start().await?;

    let kafka = app.template();
    let line = |article: &str, cents| Line {
        article: article.into(),
        cents,
    };
    let order = |id, customer: &str, lines| Order {
        id,
        customer: customer.into(),
        lines,
    };
    let full = order(1, "ada", vec![line("tea", 450), line("cup", 1_200)]);
    kafka.send("orders", Protobuf(full)).await?;
    kafka
        .send("orders", Protobuf(order(2, "ben", vec![])))
        .await?;
    kafka.send("orders", Bytes(b"\x0a\x03abc")).await?;

    for id in ["charge", "refused"] {
        let listener = app.listener(id).ok_or("no listener of that name")?;
        listener.assigned(1).await;
        listener.quiet().await;
    }
    app.stop().await;
    broker.stop().await;
    Ok(())
}
