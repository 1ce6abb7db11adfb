//! Two instances of a service share the partitions of a topic. What they have counted goes with a
//! partition when it moves.
//!
//! Run with `cargo run -p rebalance-hooks`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use micro_kafka::config::Config;
use micro_kafka::listener::{AssignedPartition, RebalanceListener};
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use parking_lot::Mutex;

/// Visits, by partition.
type Counts = Arc<Mutex<BTreeMap<i32, u64>>>;

/// What one instance knows of the partitions that it has.
#[derive(Debug, Clone)]
struct Counter {
    instance: &'static str,
    own: Counts,
    /// Where all instances keep the counts of what they give up.
    database: Counts,
}

impl RebalanceListener for Counter {
    /// Before the first record of these partitions is handled.
    fn assigned(&self, _listener: &str, partitions: &[AssignedPartition]) {
        println!("{} gets {} partitions", self.instance, partitions.len());
        let database = self.database.lock();
        let counts = partitions.iter().map(|own| {
            let count = database.get(&own.partition).copied();
            (own.partition, count.unwrap_or_default())
        });
        self.own.lock().extend(counts);
    }

    /// Their handlers have ended; the last commit and the next owner wait for this.
    fn revoked_before_commit(&self, _listener: &str, partitions: &[AssignedPartition]) {
        println!("{} gives {} up", self.instance, partitions.len());
        let mut own = self.own.lock();
        let counts = partitions.iter();
        let counts = counts.filter_map(|gone| own.remove_entry(&gone.partition));
        self.database.lock().extend(counts);
    }

    /// Another one may count already: what is here is worth nothing.
    fn lost(&self, _listener: &str, partitions: &[AssignedPartition]) {
        let mut own = self.own.lock();
        for gone in partitions {
            own.remove(&gone.partition);
        }
    }
}

#[kafka_listener(topics = "visits", group_id = "counters")]
async fn count(meta: Meta, State(counter): State<Counter>) {
    *counter.own.lock().entry(meta.partition()).or_default() += 1;
}

async fn start(broker: &Broker, counter: Counter) -> Result<RunningApp, micro_kafka::Error> {
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(settings);
    let app = app.rebalance_listener(counter.clone()).state(counter);
    app.build()?.start().await
}

/// Waits until the instance has this many partitions.
async fn has(app: &RunningApp, partitions: usize) {
    if let Some(listener) = app.listener("count") {
        let mut assignment = listener.assignment();
        let _ = assignment.wait_for(|all| all.len() == partitions).await;
    }
}

async fn visit(app: &RunningApp, times: i32) -> Result<(), SendError> {
    for nth in 0..times {
        let send = app.template().send("visits", "hello");
        send.partition(nth % 4).await?;
    }
    println!("{times} visits");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("visits", 4).start().await?;
    let database = Counts::default();
    let counter = |instance| Counter {
        instance,
        own: Counts::default(),
        database: Arc::clone(&database),
    };

    let first = start(&broker, counter("the first")).await?;
    has(&first, 4).await;
    visit(&first, 20).await?;

    let second = start(&broker, counter("the second")).await?;
    has(&second, 2).await;
    visit(&first, 20).await?;
    second.quiet().await;
    second.stop().await; // its partitions go back

    has(&first, 4).await;
    visit(&first, 20).await?;
    first.quiet().await;
    first.stop().await;

    for (partition, count) in &*database.lock() {
        println!("partition {partition}: {count} visits");
    }
    broker.stop().await;
    Ok(())
}
