//! Orders are sent: one by one, many at once, by their type, and to a topic that takes too little.
//!
//! Run with `cargo run -p sending`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::admin::NewTopic;
use micro_kafka::prelude::*;
use micro_kafka::template::{OutboundRecord, ProducerInterceptor, TemplateConfig};
use micro_kafka_broker::Broker;

/// A type with a topic and a key of its own.
#[derive(Debug, Serialize, Deserialize, KafkaRecord)]
#[kafka(topic = "orders")]
struct Order {
    #[kafka(key)]
    customer: String,
    cents: i64,
}

fn order(customer: &str, cents: i64) -> Order {
    Order {
        customer: customer.to_owned(),
        cents,
    }
}

/// Sees every record before it is sent.
struct Origin;

impl ProducerInterceptor for Origin {
    fn before_send(&self, record: &mut OutboundRecord<'_>) {
        record.add_header("origin", "shop-1");
    }
}

async fn one_by_one(kafka: &KafkaTemplate) -> Result<(), KafkaError> {
    let tea = order("ada", 450);
    let stored = kafka.send("orders", Json(&tea)).key(&tea.customer);
    let stored = stored.header("source", "web").await?;
    println!(
        "tea: partition {}, offset {}",
        stored.partition, stored.offset
    );
    let milk = kafka.publish(&order("ada", 120)).await?; // the type's topic and key
    println!("milk: partition {}, offset {}", milk.partition, milk.offset);
    Ok(())
}

/// Fast: all of them are on their way before the first is waited for.
async fn many(kafka: &KafkaTemplate) -> Result<(), KafkaError> {
    let orders: Vec<Order> = (0..1_000).map(|n| order("ben", n)).collect();
    let sends = orders.iter().map(|order| kafka.publish(order));
    let stored = kafka.send_all(sends).await;
    let stored = stored.into_iter().filter(Result::is_ok).count();
    println!("many: {stored} stored");
    let delivery = kafka.publish(&order("ben", 7)).queue().await?; // in the local queue
    println!("one more: offset {}", delivery.await?.offset);
    kafka.publish(&order("ben", 8)).detach(); // a failure would be logged
    kafka.flush(Duration::from_secs(10)).await
}

/// An error says what to do about it.
async fn refused(kafka: &KafkaTemplate) {
    let send = kafka.send("postcards", "a long letter ".repeat(100));
    match send.key("ada").await {
        Ok(stored) => println!("stored at {}", stored.offset),
        Err(error) if error.is_too_large() => println!("refused: {} takes less", error.topic()),
        Err(error) if error.is_retriable() => println!("once more: {error}"),
        Err(error) => println!("given up: {error}"),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("orders", 3).start().await?;
    let config = TemplateConfig::new(broker.bootstrap_servers()).interceptor(Origin);
    let kafka = KafkaTemplate::new(config)?;
    let postcards = NewTopic::new("postcards").config("max.message.bytes", "500");
    kafka.admin().create_topics(&[postcards]).await?;

    one_by_one(&kafka).await?;
    many(&kafka).await?;
    refused(&kafka).await;

    let partitions = kafka.partitions_for("orders").await?;
    println!("orders has {} partitions", partitions.len());
    let admin = kafka.admin();
    for (partition, end) in admin.end_offsets("orders").await? {
        if let Some(last) = kafka.receive("orders", partition, end - 1).await? {
            let key = String::from_utf8_lossy(last.key().unwrap_or_default());
            let headers = last.headers().count();
            println!("  {partition}: {end} records, the last by {key} with {headers} header(s)");
        }
    }
    let lost = kafka.close(Duration::from_secs(10)).await;
    println!("closed, {lost} lost");
    broker.stop().await;
    Ok(())
}
