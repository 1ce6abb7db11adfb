//! A listener is paused for a while, goes on where it was, and then reads from an earlier place.
//!
//! Run with `cargo run -p pause-and-seek`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::listener::{SeekTo, Target};
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;

#[kafka_listener(topics = "invoices", group_id = "ledger")]
async fn book(invoice: &str, meta: Meta) {
    println!("  {} {invoice}", meta.offset());
}

async fn send(app: &RunningApp, invoices: &[&str]) -> Result<(), SendError> {
    for invoice in invoices {
        app.template().send("invoices", *invoice).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("invoices", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(settings);
    let app = app.build()?.start().await?;
    let ledger = app.listener("book").ok_or("no listener of that name")?;
    ledger.assigned(1).await;
    let everything = || Target::All; // or a topic, or one partition

    println!("two invoices");
    send(&app, &["rent", "light"]).await?;
    app.quiet().await;

    println!("two more while the ledger is closed: paused, it stays a member of its group");
    ledger.pause(everything());
    send(&app, &["water", "post"]).await?;
    app.quiet().await; // nothing is in a handler, and nothing begins
    println!("the ledger is open again");
    ledger.resume(everything());
    app.quiet().await;

    println!("the last two were booked into the wrong year: back by two");
    for sought in ledger.seek(everything(), SeekTo::Relative(-2)).await? {
        println!(
            "  partition {} from {} on",
            sought.partition.partition, sought.offset
        );
    }
    app.quiet().await;

    println!("all of it, for the auditor");
    ledger.seek(everything(), SeekTo::Beginning).await?;
    app.quiet().await;

    app.stop().await;
    broker.stop().await;
    Ok(())
}
