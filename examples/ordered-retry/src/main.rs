//! Balances of an account that cannot be stored wait in their order; those of others are stored.
//!
//! Run with `cargo run -p ordered-retry`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

/// Who looks on.
type Log = watch::Sender<Vec<String>>;

/// Anna's first balance meets a locked account, twice. Her later ones must not be stored before it.
#[kafka_listener(topics = "balances", group_id = "ledger", order = "key")]
#[retryable(attempts = 4, backoff = "100ms", order = "key")]
async fn store(
    balance: &str,
    Key(account): Key<String>,
    attempt: Attempt,
    State(log): State<Log>,
) -> Result<(), String> {
    let locked = balance == "anna 10" && attempt.non_blocking() < 3;
    let outcome = match locked {
        true => "locked",
        false => "stored",
    };
    log.send_modify(|lines| lines.push(format!("{account}: {balance} {outcome}")));
    match locked {
        true => Err(format!("the account of {account} is locked")),
        false => Ok(()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("balances", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let log = Log::new(Vec::new());
    let mut lines = log.subscribe();
    let app = KafkaApp::builder()
        .config_from(settings)
        .state(log)
        .build()?;
    for balance in [
        "anna 10", "bert 5", "anna 20", "bert 6", "anna 30", "bert 7",
    ] {
        let account = balance.split(' ').next().unwrap_or_default();
        app.template()
            .send("balances", balance)
            .key(account)
            .await?;
    }

    let app = app.start().await?;
    let lines = lines.wait_for(|lines| lines.len() == 8).await?.clone();
    app.stop().await;
    broker.stop().await;
    // Each account by itself: those of others come in between.
    for account in ["anna", "bert"] {
        for line in lines.iter().filter(|line| line.starts_with(account)) {
            println!("{line}");
        }
    }
    Ok(())
}
