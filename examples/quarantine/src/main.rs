//! A service that survives a record which kills its processes.
//!
//! Run with `cargo run -p quarantine`. It brings its own broker, and starts itself as the service
//! again whenever that has died, as Kubernetes would.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::error::Error;
use std::process::Stdio;
use std::time::Duration;

use micro_kafka::admin::TopicPartition;
use micro_kafka::config::Config;
use micro_kafka::error::Failure;
use micro_kafka::prelude::*;
use micro_kafka::template::TemplateConfig;
use micro_kafka_broker::Broker;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Where the service finds the broker; whoever has it is the service.
const SERVERS: &str = "QUARANTINE_SERVERS";

#[kafka_listener(topics = "orders", group_id = "billing", quarantine(after = 2))]
async fn charge(order: &str) {
    if order == "order-4" {
        // A bug in a C library, a stack that overflows, memory that is used up.
        std::process::abort();
    }
}

fn settings(servers: &str) -> micro_kafka::config::ConfigBuilder {
    Config::builder()
        .set("kafka.bootstrap-servers", servers)
        // A new process is the same member, and need not wait for the end of the old one's session.
        .set("kafka.listener.group-instance-id", "billing-0")
}

async fn serve(servers: &str) -> Result<(), micro_kafka::Error> {
    let app = KafkaApp::builder().config_from(settings(servers));
    app.build()?.run().await
}

fn start(servers: &str) -> std::io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.env(SERVERS, servers).kill_on_drop(true);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(servers) = env::var(SERVERS) {
        return Ok(serve(&servers).await?);
    }
    let broker = Broker::builder().topic("orders", 1).start().await?;
    let servers = broker.bootstrap_servers();
    let config = settings(&servers).build()?;
    let kafka = KafkaTemplate::new(TemplateConfig::from(&config))?;
    for number in 1..=6 {
        kafka.send("orders", format!("order-{number}")).await?;
    }

    let mut service = start(&servers)?;
    loop {
        if let Ok(death) = timeout(Duration::from_millis(50), service.wait()).await {
            println!("a process died: {}", !death?.success());
            service = start(&servers)?;
        }
        let committed = kafka.admin().committed_offsets("billing").await?;
        if committed.get(&TopicPartition::new("orders", 0)) == Some(&6) {
            break;
        }
    }
    println!("six orders are done with");

    let letter = kafka.receive("orders-dlt", 0, 0).await?;
    let letter = letter.ok_or("no dead letter")?;
    let failure = Failure::from_record(&letter).ok_or("no reason")?;
    let order = String::from_utf8_lossy(letter.payload().unwrap_or_default());
    println!(
        "{order} at {} is quarantined: {}",
        failure.offset, failure.error
    );
    let deaths = letter.headers().get("mk-crash-deaths");
    let deaths = deaths.and_then(|header| header.value).unwrap_or_default();
    println!("deaths: {}", String::from_utf8_lossy(deaths));
    service.kill().await?;
    broker.stop().await;
    Ok(())
}
