//! Large payloads go to a store; the records in Kafka are small and refer to them. Neither the sender
//! nor the listener notices.
//!
//! Run with `cargo run -p claim-check`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use micro_kafka::claim_check::{ClaimCheck, FileClaimStore};
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

type Log = watch::Sender<Vec<String>>;

#[kafka_listener(topics = "photos", group_id = "gallery")]
async fn show(Key(name): Key<&str>, photo: &[u8], State(log): State<Log>) -> Result<(), String> {
    let line = format!("{name}: {} bytes", photo.len());
    log.send_modify(|lines| lines.push(line));
    match photo.first() {
        Some(b'!') => Err("a bad photo".into()),
        _ => Ok(()),
    }
}

/// Its dead letters refer to the same payload.
#[dlt_handler(of = show)]
async fn reject(Key(name): Key<&str>, photo: &[u8], State(log): State<Log>) {
    let line = format!("{name} was rejected, with {} bytes", photo.len());
    log.send_modify(|lines| lines.push(line));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder()
        .topic("photos", 1)
        .topic("photos-dlt", 1)
        .start()
        .await?;
    let folder = std::env::temp_dir().join(format!("claim-check-{}", std::process::id()));
    let claims = ClaimCheck::new(FileClaimStore::new(&folder)).above(64 * 1024);
    let log = Log::new(Vec::new());
    let settings = Config::builder()
        .set("kafka.bootstrap-servers", broker.bootstrap_servers())
        .set("kafka.listener.retry.attempts", "1");
    let app = KafkaApp::builder().config_from(settings).state(log.clone());
    let app = app.claim_check(claims.clone()).build()?.start().await?;

    let kafka = app.template();
    let mut offsets = Vec::new();
    for (name, photo) in [
        ("thumbnail", vec![b'.'; 1_000]),
        // More than the topic takes.
        ("poster", vec![b'.'; 3_000_000]),
        ("broken", vec![b'!'; 200_000]),
    ] {
        let sent = kafka.send("photos", Bytes(photo)).key(name).await?;
        offsets.push((name, sent));
    }
    let mut seen = log.subscribe();
    for line in &*seen.wait_for(|lines| lines.len() == 4).await? {
        println!("{line}");
    }
    for (name, sent) in offsets {
        let record = kafka.receive("photos", sent.partition, sent.offset).await?;
        let size = record.and_then(|record| Some(record.payload()?.len()));
        let small = size.is_some_and(|size| size < 200);
        println!(
            "{name} is {} in Kafka",
            if small { "a reference" } else { "itself" }
        );
    }

    // Once nobody reads the records any more.
    app.stop().await;
    println!("{} payloads removed", claims.sweep(Duration::ZERO).await?);
    std::fs::remove_dir_all(folder)?;
    broker.stop().await;
    Ok(())
}
