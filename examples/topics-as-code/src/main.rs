//! A service says which topics it needs: they are made, grown and altered when it starts, and never
//! shrunk.
//!
//! Run with `cargo run -p topics-as-code`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::admin::{KafkaAdmin, NewTopic};
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;

/// A type with its topic as it shall be.
#[derive(Debug, Serialize, Deserialize, KafkaRecord)]
#[kafka(topic = "orders", partitions = 3, configs = ["retention.ms=604800000"])]
struct Order {
    #[kafka(key)]
    customer: String,
    cents: i64,
}

/// Of each article the last price is kept.
#[derive(Debug, Serialize, Deserialize, KafkaRecord)]
#[kafka(topic = "prices", compacted)]
struct Price {
    #[kafka(key)]
    article: String,
    cents: i64,
}

/// What one environment has otherwise than the code says.
const PRODUCTION: &str = "
[kafka.topics.orders]
partitions = 6

[kafka.topics.audit]
partitions = 1

[kafka.admin]
modify-topic-configs = true
fail-fast = true
";

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(Json(order): Json<Order>) {
    println!("charged {}: {} cents", order.customer, order.cents);
}

async fn run(broker: &Broker, settings: &str) -> Result<(), Box<dyn Error>> {
    let config = Config::builder()
        .toml_str("application.toml", settings)
        .set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(config).listener(charge);
    let app = app.topic::<Order>().topic::<Price>().build()?;
    let app = app.start().await?;
    let order = Order {
        customer: "ada".to_owned(),
        cents: 450,
    };
    app.template().publish(&order).await?;
    let listener = app.listener("charge").ok_or("no listener of that name")?;
    listener.assigned(1).await;
    listener.quiet().await;
    show(&app.template().admin()).await?;
    app.stop().await;
    Ok(())
}

async fn show(admin: &KafkaAdmin) -> Result<(), Box<dyn Error>> {
    for topic in ["orders", "prices", "audit"] {
        let Some(partitions) = admin.partition_count(topic).await? else {
            println!("  {topic}: is not there");
            continue;
        };
        let mut configs = admin.topic_configs(&[topic]).await?;
        let mut configs = configs.remove(topic).unwrap_or_default();
        let mut config = |name: &str| configs.remove(name).flatten().unwrap_or_default();
        let (policy, retention) = (config("cleanup.policy"), config("retention.ms"));
        println!("  {topic}: {partitions} partition(s), {policy}, retention.ms = {retention}");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().start().await?;
    println!("by the code alone");
    run(&broker, "").await?;
    println!("with the settings of production over it");
    run(&broker, PRODUCTION).await?;

    // What would have to be done, without doing it.
    let config = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(config).listener(charge);
    let app = app.build()?;
    let wanted = [
        NewTopic::new("orders").partitions(2),
        NewTopic::new("prices").partitions(4),
        NewTopic::new("refunds").compacted(),
    ];
    println!("a plan");
    for step in app.template().admin().plan(&wanted).await?.steps {
        println!("  {step}");
    }
    broker.stop().await;
    Ok(())
}
