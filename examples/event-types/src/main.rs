//! Several types of events on one topic, told apart by a header.
//!
//! Run with `cargo run -p event-types`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Placed {
    customer: String,
    cents: i64,
}

#[derive(Debug, Deserialize)]
struct Shipped {
    carrier: String,
}

/// A variant holds arguments as a listener takes them. The compiler sees to it that each is handled.
#[derive(Debug, KafkaEvent)]
#[kafka(header = "event-type")]
enum OrderEvent {
    #[kafka(name = "order.placed")]
    Placed(Json<Placed>, Key<String>),
    #[kafka(name = "order.shipped")]
    Shipped(Json<Shipped>, Key<String>),
    #[kafka(name = "order.cancelled")]
    Cancelled(Key<String>),
    /// What a newer version of the sender may send. Without it, `unknown = "dead_letter"` or
    /// `"skip"` has to be stated.
    #[kafka(other)]
    Other(Record),
}

#[kafka_listener(topics = "orders", group_id = "audit")]
async fn audit(event: OrderEvent) {
    match event {
        OrderEvent::Placed(Json(order), Key(id)) => {
            println!("{id}: {} orders for {} cents", order.customer, order.cents);
        }
        OrderEvent::Shipped(Json(parcel), Key(id)) => {
            println!("{id}: leaves by {}", parcel.carrier)
        }
        OrderEvent::Cancelled(Key(id)) => println!("{id}: is cancelled"),
        OrderEvent::Other(record) => {
            let length = record.payload().map_or(0, <[u8]>::len);
            println!(
                "offset {}: something new, of {length} bytes",
                record.offset()
            );
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("orders", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(settings);
    let app = app.build()?.start().await?;

    let kafka = app.template();
    let events = [
        (
            "A-1",
            "order.placed",
            json!({"customer": "ada", "cents": 1_250}),
        ),
        (
            "A-2",
            "order.placed",
            json!({"customer": "ben", "cents": 99}),
        ),
        ("A-1", "order.shipped", json!({"carrier": "bicycle"})),
        ("A-2", "order.cancelled", json!(null)),
        ("A-1", "order.praised", json!({"stars": 5})),
    ];
    for (id, event, payload) in events {
        let send = kafka.send("orders", Json(&payload)).key(id);
        send.header("event-type", event).await?;
    }

    let listener = app.listener("audit").ok_or("no listener of that name")?;
    listener.assigned(1).await;
    listener.quiet().await;
    app.stop().await;
    broker.stop().await;
    Ok(())
}
