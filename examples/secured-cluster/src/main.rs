//! A service on a cluster with TLS and logins: `application.toml` says all of it, and the password is
//! in a file.
//!
//! Run with `cargo run -p secured-cluster`: without a cluster it shows what is refused at boot. On one,
//! which `cargo xtask kafka start --secured DIR` starts, run `KAFKA_SERVERS=localhost:PORT
//! KAFKA_SECRETS=DIR cargo run -p secured-cluster --features tls` with the port that `DIR/secured.env`
//! calls `login`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::error::Error;

use micro_kafka::config::{Config, ConfigBuilder};
use micro_kafka::prelude::*;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const SETTINGS: &str = include_str!("../application.toml");

/// What may be wrong with such settings, and is told before anything connects.
const MISTAKES: [(&str, &str); 4] = [
    (
        "a password on an open connection",
        "[kafka.security]\nprotocol = 'sasl-plaintext'\n\
         [kafka.sasl]\nmechanism = 'PLAIN'\nusername = 'alice'\npassword = 'secret'\n",
    ),
    (
        "a secret that is not mounted",
        "[kafka.security]\nprotocol = 'sasl-plaintext'\nallow-plaintext-credentials = true\n\
         [kafka.sasl]\nmechanism = 'PLAIN'\nusername = 'alice'\n\
         password = { file = '/run/secrets/none' }\n",
    ),
    (
        "a folder of secrets that is not mounted",
        "[kafka.config]\nimport = 'configtree:/run/secrets/none'\n",
    ),
    (
        "a mechanism that nobody has",
        "[kafka.security]\nprotocol = 'sasl-plaintext'\n[kafka.sasl]\nmechanism = 'SCRAM-SHA-1'\n",
    ),
];

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(order: &str, State(charged): State<UnboundedSender<String>>) {
    let _ = charged.send(order.to_owned());
}

fn settings() -> ConfigBuilder {
    Config::builder()
        .toml_str("application.toml", SETTINGS)
        .env(env::vars_os())
        .env([("RUN", std::process::id().to_string())])
}

async fn round_trip() -> Result<(), Box<dyn Error>> {
    let (charged, mut orders) = unbounded_channel::<String>();
    let app = KafkaApp::builder()
        .config_from(settings())
        .state(charged)
        .build()?;
    let security = &app.config().kafka().security;
    let (user, password) = (&security.sasl.username, &security.sasl.password);
    println!("as {user:?} by password {password:?}"); // which is never shown
    let app = app.start().await?;
    app.template().send("orders", "tea for ada").await?;
    let order = orders.recv().await.ok_or("the listener is gone")?;
    println!("charged, over an encrypted connection: {order}");
    println!("healthy: {}", app.health().is_up());
    app.stop().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for (what, settings) in MISTAKES {
        println!("{what}:");
        match Config::builder()
            .toml_str("application.toml", settings)
            .build()
        {
            Ok(_) => println!("  accepted"),
            Err(errors) => errors.iter().for_each(|error| println!("  {error}")),
        }
    }
    if env::var_os("KAFKA_SERVERS").is_none() {
        println!("no cluster: set KAFKA_SERVERS and KAFKA_SECRETS");
        return Ok(());
    }
    round_trip().await
}
