//! Orders that fail for good reach the handler of their dead letters, with the reason.
//!
//! Run with `cargo run -p dead-letter-handler`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

#[derive(Debug, Deserialize)]
struct Order {
    item: String,
}

#[derive(Debug, thiserror::Error, Classify)]
enum OrderError {
    #[error("{0} is sold out")]
    #[kafka(dead_letter)]
    SoldOut(String),
    #[error("the warehouse does not answer")]
    Warehouse,
}

/// Two deliveries, then the dead-letter topic `orders-dlt`, which the start creates.
#[kafka_listener(topics = "orders", group_id = "shop", retry(attempts = 2))]
async fn order(
    Json(order): Json<Order>,
    State(ended): State<watch::Sender<usize>>,
) -> Result<(), OrderError> {
    match &*order.item {
        "unicorn" => return Err(OrderError::SoldOut(order.item)),
        "piano" => return Err(OrderError::Warehouse),
        item => println!("{item} is on its way"),
    }
    ended.send_modify(|ended| *ended += 1);
    Ok(())
}

/// Reads `orders-dlt` in the group `shop-dlt`. What cannot be decoded is there, too: its bytes are
/// what was sent.
#[dlt_handler(of = order)]
async fn order_failed(payload: &[u8], why: Failure, State(ended): State<watch::Sender<usize>>) {
    let payload = String::from_utf8_lossy(payload);
    let attempts = why.attempts.unwrap_or_default();
    println!(
        "dead letter {payload}: {}, delivered {attempts} times",
        why.error
    );
    ended.send_modify(|ended| *ended += 1);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("orders", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let ended = watch::Sender::new(0);
    let mut progress = ended.subscribe();
    let app = KafkaApp::builder()
        .config_from(settings)
        .state(ended)
        .build()?;
    let app = app.start().await?;
    let payloads = [
        r#"{"item":"book"}"#,
        r#"{"item":"unicorn"}"#,
        "a book, please",
        r#"{"item":"piano"}"#,
    ];
    for (sent, payload) in payloads.into_iter().enumerate() {
        app.template().send("orders", payload).await?;
        // One after the other, so that what is printed has an order.
        progress.wait_for(|ended| *ended > sent).await?;
    }
    app.stop().await;
    broker.stop().await;
    Ok(())
}
