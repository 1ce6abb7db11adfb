//! Avro payloads whose schemas a registry keeps: a service reads what newer ones send.
//!
//! Run with `cargo run -p avro-registry --features all`. It brings its own broker and a registry in
//! memory; a real one stands in `[kafka.schema-registry] url = "http://…"`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::codec::{Avro, AvroRecord, Registered, SchemaDefinition};
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use micro_kafka_test::EmbeddedRegistry;

/// What this service knows of an order.
#[derive(Debug, Deserialize)]
struct Order {
    id: i64,
    customer: String,
    currency: String,
}

impl AvroRecord for Order {
    fn definition() -> &'static SchemaDefinition {
        static ORDER: SchemaDefinition = SchemaDefinition::avro(
            r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
                {"name": "id", "type": "long"},
                {"name": "customer", "type": "string"},
                {"name": "currency", "type": "string", "default": "EUR"}]}"#,
        );
        &ORDER
    }
}

/// What another service sends: it has a field more, and has never heard of the currency.
#[derive(Debug, Serialize)]
struct SentOrder {
    note: Option<String>,
    id: i64,
    customer: String,
}

impl AvroRecord for SentOrder {
    fn definition() -> &'static SchemaDefinition {
        static ORDER: SchemaDefinition = SchemaDefinition::avro(
            r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
                {"name": "note", "type": ["null", "string"]},
                {"name": "id", "type": "long"},
                {"name": "customer", "type": "string"}]}"#,
        );
        &ORDER
    }
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(Registered(Avro(order)): Registered<Avro<Order>>) {
    println!(
        "{}: {} pays in {}",
        order.id, order.customer, order.currency
    );
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("orders", 1).start().await?;
    let registry = EmbeddedRegistry::start().await?;
    let settings = Config::builder()
        .set("kafka.bootstrap-servers", broker.bootstrap_servers())
        .set("kafka.schema-registry.url", registry.url());
    let app = KafkaApp::builder().config_from(settings);
    let app = app.build()?.start().await?;

    let kafka = app.template();
    for (id, customer) in [(1, "ada"), (2, "ben"), (3, "cleo")] {
        let order = SentOrder {
            note: (id == 2).then(|| "by noon".to_owned()),
            id,
            customer: customer.into(),
        };
        kafka.send("orders", Registered(Avro(order))).await?;
    }

    let listener = app.listener("charge").ok_or("no listener of that name")?;
    listener.assigned(1).await;
    listener.quiet().await;
    for request in registry.requests() {
        println!("the registry was asked: {request}");
    }
    app.stop().await;
    broker.stop().await;
    Ok(())
}
