//! Reminders that are sent later, survive a restart, and can be taken back.
//!
//! Run with `cargo run -p delayed`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::delayed::DELAYED_ID;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

#[kafka_listener(topics = "reminders", group_id = "mail")]
async fn remind(order: Key<String>, record: Record, State(log): State<watch::Sender<Vec<String>>>) {
    let is_delayed = record.headers().any(|header| header.name() == DELAYED_ID);
    let line = format!("{} is reminded, delayed: {is_delayed}", order.0);
    log.send_modify(|lines| lines.push(line));
}

async fn start(
    servers: &str,
    log: &watch::Sender<Vec<String>>,
) -> Result<RunningApp, micro_kafka::Error> {
    let settings = Config::builder()
        .set("kafka.bootstrap-servers", servers)
        .set("kafka.delayed.topic", "shop-delayed");
    let app = KafkaApp::builder().config_from(settings).state(log.clone());
    app.build()?.start().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("reminders", 1).start().await?;
    let servers = broker.bootstrap_servers();
    let log = watch::Sender::new(Vec::<String>::new());

    let app = start(&servers, &log).await?;
    let kafka = app.template();
    let mut ids = Vec::new();
    for (order, delay) in [
        ("order-3", "900ms"),
        ("order-1", "300ms"),
        ("order-2", "600ms"),
    ] {
        let send = kafka.send("reminders", "pay!").key(order);
        ids.push(send.after(delay).await?);
    }
    // Order 3 was paid meanwhile.
    kafka.cancel_delayed(&ids[0]).await?;
    app.stop().await;
    println!("the service is away");

    let app = start(&servers, &log).await?;
    let lines = log
        .subscribe()
        .wait_for(|lines| lines.len() == 2)
        .await?
        .clone();
    for line in lines {
        println!("{line}");
    }
    app.template()
        .send("reminders", "now")
        .key("order-4")
        .await?;
    let lines = log
        .subscribe()
        .wait_for(|lines| lines.len() == 3)
        .await?
        .clone();
    println!("{}", lines[2]);
    app.stop().await;
    broker.stop().await;
    Ok(())
}
