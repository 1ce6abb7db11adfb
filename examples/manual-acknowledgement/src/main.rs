//! Parcels are acknowledged when their lorry has left, not when they were loaded.
//!
//! Run with `cargo run -p manual-acknowledgement`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::Arc;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use parking_lot::Mutex;
use tokio::sync::watch;

/// How many parcels a lorry takes.
const ROOM: usize = 3;

/// Where lorries are loaded.
#[derive(Debug, Clone)]
struct Yard {
    /// The parcels of the next lorry, each with the right to acknowledge its record.
    lorry: Arc<Mutex<Vec<(String, Acknowledgment)>>>,
    loaded: watch::Sender<usize>,
}

impl Yard {
    fn new() -> Self {
        Self {
            lorry: Arc::default(),
            loaded: watch::Sender::new(0),
        }
    }

    fn load(&self, parcel: &str, ack: Acknowledgment) {
        println!("  {parcel} is loaded");
        let mut lorry = self.lorry.lock();
        lorry.push((parcel.to_owned(), ack));
        if lorry.len() == ROOM {
            println!("  a lorry leaves: its {ROOM} parcels are acknowledged");
            for (_, ack) in lorry.drain(..) {
                ack.acknowledge(); // in any order, and from any task
            }
        }
        self.loaded.send_modify(|loaded| *loaded += 1);
    }

    async fn has_loaded(&self, parcels: usize) {
        let mut loaded = self.loaded.subscribe();
        // The sender is ours: it cannot be gone.
        let _ = loaded.wait_for(|loaded| *loaded >= parcels).await;
    }
}

#[kafka_listener(topics = "parcels", group_id = "shipping", ack_mode = "manual")]
async fn ship(parcel: &str, attempt: Attempt, ack: Acknowledgment, State(yard): State<Yard>) {
    if parcel == "wet paint" && attempt.is_first() {
        println!("  {parcel} is not dry yet: again in 200 ms");
        ack.nack(Duration::from_millis(200)); // later parcels of its partition wait for it
    } else {
        yard.load(parcel, ack);
    }
}

async fn start(broker: &Broker, yard: &Yard) -> Result<RunningApp, micro_kafka::Error> {
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(settings);
    app.state(yard.clone()).build()?.start().await
}

/// Stops the application and tells which record the group would read next.
async fn stop(app: RunningApp) -> Result<(), Box<dyn Error>> {
    app.stop().await;
    let committed = app.template().admin().committed_offsets("shipping").await?;
    for (place, offset) in committed {
        println!("stopped; committed: {} up to {offset}\n", place.topic);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("parcels", 1).start().await?;

    println!("the first day");
    let yard = Yard::new();
    let app = start(&broker, &yard).await?;
    for parcel in ["books", "wet paint", "shoes", "a lamp", "tea"] {
        app.template().send("parcels", parcel).await?;
    }
    yard.has_loaded(5).await;
    stop(app).await?; // a lamp and tea are on a lorry that has not left

    println!("the second day: what was not acknowledged is there again");
    let yard = Yard::new();
    let app = start(&broker, &yard).await?;
    app.template().send("parcels", "a chair").await?;
    yard.has_loaded(3).await;
    stop(app).await?;

    broker.stop().await;
    Ok(())
}
