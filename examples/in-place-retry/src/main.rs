//! Payments that fail are tried again in their place, as their errors say.
//!
//! Run with `cargo run -p in-place-retry`. It brings its own broker.

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

/// The error type is the policy.
#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("the gateway timed out")]
    #[kafka(retry(attempts = 3, backoff = "20ms..1s x2"))]
    Timeout,
    #[error("too many requests")]
    #[kafka(retry_after)]
    Quota(Duration),
    #[error("the card was declined")]
    #[kafka(dead_letter)]
    Declined,
}

/// A gateway that is slow for some cards, and full once.
fn charge_card(card: &str, attempt: u32) -> Result<(), ChargeError> {
    match (card, attempt) {
        ("slow", 1 | 2) | ("lame", _) => Err(ChargeError::Timeout),
        ("eager", 1) => Err(ChargeError::Quota(Duration::from_millis(30))),
        ("stolen", _) => Err(ChargeError::Declined),
        _ => Ok(()),
    }
}

/// The payments behind a failed one wait: the order of a partition is kept.
#[kafka_listener(topics = "payments", group_id = "billing")]
async fn charge(
    Json(payment): Json<Payment>,
    attempt: Attempt,
    State(ended): State<watch::Sender<usize>>,
) -> Result<(), ChargeError> {
    let (card, attempt) = (&payment.card, attempt.number());
    let charged = charge_card(card, attempt);
    match &charged {
        Ok(()) => println!("{card}, attempt {attempt}: charged"),
        Err(error) => println!("{card}, attempt {attempt}: {error}"),
    }
    if charged.is_ok() {
        ended.send_modify(|ended| *ended += 1);
    }
    charged
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("payments", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let ended = watch::Sender::new(0_usize);
    let mut progress = ended.subscribe();
    let app = KafkaApp::builder()
        .config_from(settings)
        .state(ended)
        .build()?;
    for card in ["good", "slow", "eager", "stolen", "lame", "fine"] {
        let card = card.to_owned();
        app.template()
            .send("payments", Json(&Payment { card }))
            .await?;
    }

    let app = app.start().await?;
    progress.wait_for(|ended| *ended == 4).await?;
    app.stop().await;
    if let Some(charge) = app.listener("charge") {
        let stats = charge.stats();
        println!(
            "{} charged, {} tried again, {} dead-lettered",
            stats.handled, stats.retried, stats.dead_lettered
        );
    }
    broker.stop().await;
    Ok(())
}
