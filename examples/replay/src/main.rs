//! The gateway was down; now it is back, and what has failed meanwhile is charged after all.
//!
//! Run with `cargo run -p replay`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

/// Whether the gateway answers.
static UP: AtomicBool = AtomicBool::new(false);

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("the gateway is down")]
    #[kafka(dead_letter)]
    Down,
    #[error("the card was declined")]
    #[kafka(dead_letter)]
    Declined,
}

type Log = watch::Sender<Vec<String>>;

#[kafka_listener(topics = "payments", group_id = "billing")]
async fn charge(card: &str, State(log): State<Log>) -> Result<(), ChargeError> {
    match (card, UP.load(Ordering::SeqCst)) {
        ("stolen", _) => Err(ChargeError::Declined),
        (_, false) => Err(ChargeError::Down),
        (card, true) => {
            log.send_modify(|lines| lines.push(format!("charged:  {card}")));
            Ok(())
        }
    }
}

/// Another group, which has handled everything and wants nothing twice.
#[kafka_listener(topics = "payments", group_id = "statistics")]
async fn count(card: &str, State(log): State<Log>) {
    log.send_modify(|lines| lines.push(format!("counted:  {card}")));
}

async fn lines(log: &Log, count: usize) -> Result<(), Box<dyn Error>> {
    let mut log = log.subscribe();
    let mut lines = log.wait_for(|lines| lines.len() == count).await?.clone();
    lines.sort();
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("payments", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let log = Log::default();
    let app = KafkaApp::builder()
        .config_from(settings)
        .state(log.clone())
        .build()?;
    let app = app.start().await?;
    for card in ["good", "stolen", "fine"] {
        app.template().send("payments", card).await?;
    }
    lines(&log, 3).await?;
    app.quiet().await;

    UP.store(true, Ordering::SeqCst);
    log.send_modify(Vec::clear);
    let replay = app.replay("payments-dlt").error("Down").rate(100);
    let plan = replay.dry_run().await?;
    println!(
        "planned:  {} of {}",
        plan.selected,
        plan.selected + plan.passed
    );
    for (error, count) in &plan.by_error {
        println!("          {count} {error}");
    }

    let report = replay.run("gateway-is-back").await?;
    println!("sent:     {}", report.sent);
    lines(&log, 2).await?;
    app.quiet().await;
    for id in ["charge", "count"] {
        let stats = app.listener(id).map(|it| it.stats()).unwrap_or_default();
        println!(
            "{id}: {} of another group passed over",
            stats.foreign_replays
        );
    }
    let again = replay.run("gateway-is-back").await?;
    println!("again:    {} sent", again.sent);

    app.stop().await;
    broker.stop().await;
    Ok(())
}
