//! Payments that fail wait in retry topics, while those behind them are charged.
//!
//! Run with `cargo run -p retry-topics`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

#[derive(Debug, Serialize, Deserialize)]
struct Payment {
    card: String,
}

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("the gateway timed out")]
    #[kafka(retry)]
    Timeout,
    #[error("the card was declined")]
    #[kafka(dead_letter)]
    Declined,
}

/// A gateway that is slow for some cards.
fn charge_card(card: &str, attempt: u32) -> Result<(), ChargeError> {
    match (card, attempt) {
        ("slow", 1 | 2) | ("lame", _) => Err(ChargeError::Timeout),
        ("stolen", _) => Err(ChargeError::Declined),
        _ => Ok(()),
    }
}

/// What fails goes to `payments-retry-100`, then to `payments-retry-300`, then to `payments-dlt`.
#[kafka_listener(topics = "payments", group_id = "billing")]
#[retryable(attempts = 3, backoff = "100ms..300ms x3")]
async fn charge(
    Json(payment): Json<Payment>,
    meta: Meta,
    attempt: Attempt,
    State(log): State<watch::Sender<Vec<String>>>,
) -> Result<(), ChargeError> {
    let (card, attempt) = (&payment.card, attempt.non_blocking());
    let charged = charge_card(card, attempt);
    let outcome = match &charged {
        Ok(()) => "charged".to_owned(),
        Err(error) => error.to_string(),
    };
    let line = format!(
        "{card}, attempt {attempt}, from {}: {outcome}",
        meta.topic()
    );
    log.send_modify(|lines| lines.push(line));
    charged
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("payments", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let log = watch::Sender::new(Vec::<String>::new());
    let mut lines = log.subscribe();
    let app = KafkaApp::builder()
        .config_from(settings)
        .state(log)
        .build()?;
    for card in ["good", "slow", "stolen", "lame", "fine"] {
        let card = card.to_owned();
        app.template()
            .send("payments", Json(&Payment { card }))
            .await?;
    }

    let app = app.start().await?;
    let mut lines = lines.wait_for(|lines| lines.len() == 9).await?.clone();
    app.stop().await;
    broker.stop().await;
    // Two that wait for the same time come back in any order.
    lines[5..].sort();
    for line in lines {
        println!("{line}");
    }
    Ok(())
}
