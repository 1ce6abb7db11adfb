//! The orders of a customer are handled in their order, those of other customers at the same time,
//! though all of them stand in one partition.
//!
//! Run with `cargo run -p key-order`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use parking_lot::Mutex;

#[derive(Debug, Default)]
struct Seen {
    /// Of each customer, in the order of handling.
    orders: BTreeMap<String, Vec<String>>,
    /// Customers that are being served.
    at_work: usize,
    most_at_work: usize,
}

type Shop = Arc<Mutex<Seen>>;

/// At most 16 handlers are at work at once, never two of one key.
#[kafka_listener(topics = "orders", group_id = "shop", order = "key", parallelism = 16)]
async fn serve(order: &str, Key(customer): Key<&str>, State(shop): State<Shop>) {
    {
        let mut seen = shop.lock();
        seen.at_work += 1;
        seen.most_at_work = seen.most_at_work.max(seen.at_work);
    }
    tokio::time::sleep(Duration::from_millis(50)).await; // somebody packs it
    let mut seen = shop.lock();
    seen.at_work -= 1;
    let orders = seen.orders.entry(customer.to_owned()).or_default();
    orders.push(order.to_owned());
}

const ORDERS: [(&str, [&str; 3]); 4] = [
    ("ada", ["tea", "milk", "scones"]),
    ("ben", ["a saw", "nails", "a plaster"]),
    ("cleo", ["a cat", "fish", "a brush"]),
    ("dan", ["seeds", "a pot", "a rake"]),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("orders", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let shop = Shop::default();
    let app = KafkaApp::builder().config_from(settings);
    let app = app.state(Arc::clone(&shop)).build()?;

    for nth in 0..3 {
        for (customer, orders) in ORDERS {
            let send = app.template().send("orders", orders[nth]);
            send.key(customer).await?;
        }
    }

    let app = app.start().await?;
    let listener = app.listener("serve").ok_or("no listener of that name")?;
    listener.assigned(1).await;
    listener.quiet().await;
    app.stop().await;
    broker.stop().await;
    let seen = shop.lock();
    for (customer, orders) in &seen.orders {
        println!("{customer}: {}", orders.join(", then "));
    }
    println!("at most {} customers at the same time", seen.most_at_work);
    Ok(())
}
