//! The gateway takes everybody for a stranger: each order seems to be at fault, and none of them is.
//! A few are dead letters before the listener rests; all others wait until the gateway is itself again.
//!
//! Run with `cargo run -p retry-budget`. It brings its own broker, and rests for five seconds.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

use micro_kafka::config::Config;
use micro_kafka::listener::ContainerEvent;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

/// Whether the gateway knows us.
static KNOWN: AtomicBool = AtomicBool::new(true);

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("forbidden")]
    #[kafka(dead_letter)]
    Forbidden,
}

/// How many orders are charged.
type Charged = watch::Sender<usize>;

/// Of a minute's orders at most a fifth may leave the topic, or ten if that is more.
#[kafka_listener(
    topics = "orders",
    group_id = "billing",
    retry_budget(percent = 20, at_least = 10)
)]
async fn charge(_order: &str, State(charged): State<Charged>) -> Result<(), ChargeError> {
    if !KNOWN.load(Ordering::SeqCst) {
        return Err(ChargeError::Forbidden);
    }
    charged.send_modify(|charged| *charged += 1);
    Ok(())
}

async fn send(kafka: &KafkaTemplate, count: usize) -> Result<(), SendError> {
    for order in 0..count {
        kafka.send("orders", order.to_string()).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("orders", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let charged = Charged::default();
    let mut seen = charged.subscribe();
    let app = KafkaApp::builder().config_from(settings).state(charged);
    let app = app.build()?.start().await?;
    let listener = app.listener("charge").ok_or("there is no listener")?;
    let mut events = listener.events();

    send(app.template(), 30).await?;
    seen.wait_for(|charged| *charged == 30).await?;
    println!("30 orders are charged");

    KNOWN.store(false, Ordering::SeqCst);
    send(app.template(), 200).await?;
    while let Some(event) = events.next().await {
        if let ContainerEvent::RetryBudgetSpent { gone, .. } = &*event {
            println!("of 200 more, {gone} are dead letters; the listener rests");
            break;
        }
    }

    KNOWN.store(true, Ordering::SeqCst);
    seen.wait_for(|charged| *charged == 220).await?;
    println!("the gateway is itself again: 190 are charged");

    app.stop().await;
    broker.stop().await;
    Ok(())
}
