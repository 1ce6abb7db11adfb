//! Listeners on a broker: declared, run, failing, stopped.

use std::num::ParseIntError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
    cents: i64,
}

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("card declined")]
    #[kafka(dead_letter)]
    Declined,
    #[error("gateway timed out")]
    #[kafka(retry(attempts = 5, backoff = "1s..5m x4"))]
    Timeout,
}

#[derive(Debug, Clone, Default)]
struct Gateway {
    calls: Arc<AtomicU32>,
    busy: bool,
}

#[kafka_listener(topics = "orders", group_id = "billing", concurrency = 2)]
async fn charge(
    Json(order): Json<Order>,
    State(gateway): State<Gateway>,
) -> Result<(), ChargeError> {
    gateway.calls.fetch_add(1, Ordering::Relaxed);
    match order.cents {
        ..0 => Err(ChargeError::Declined),
        _ if gateway.busy => Err(ChargeError::Timeout),
        _ => Ok(()),
    }
}

#[kafka_listener(topics = "numbers", group_id = "sums")]
async fn sum(number: &str) -> Result<(), ParseIntError> {
    number.parse::<u64>().map(drop)
}

fn order(id: u64, cents: i64) -> Json<Order> {
    Json(Order { id, cents })
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn every_order_is_charged_and_committed(kafka: EmbeddedKafka) {
    let gateway = Gateway::default();
    let app = kafka
        .app()
        .listener(charge)
        .state(gateway.clone())
        .start()
        .await;
    for id in 0..30 {
        kafka
            .send("orders", order(id, 100))
            .key(format!("c{}", id % 7))
            .await;
    }
    app.listener("charge")
        .settled()
        .await
        .assert_handled(30)
        .assert_dead_lettered(0);
    assert_eq!(gateway.calls.load(Ordering::Relaxed), 30);
    kafka.group("billing").assert_lag("orders", 0).await;
    kafka.dlt("orders").assert_none();
    app.stop().await;
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn a_busy_gateway_ends_in_the_dlt(kafka: EmbeddedKafka) {
    let gateway = Gateway {
        busy: true,
        ..Gateway::default()
    };
    let app = kafka.app().listener(charge).state(gateway).start().await;
    kafka.send("orders", order(1, 100)).key("c1").await;
    kafka.advance("10m").await;
    app.listener("charge")
        .settled()
        .await
        .assert_attempts(5)
        .assert_dead_lettered(1);
    kafka.dlt("orders").assert_one(|letter| {
        letter.failure().error == "Timeout"
            && letter.failure().attempts == Some(5)
            && letter.record().key() == Some(b"c1")
    });
}

#[kafka_test(topics = ["orders"])]
async fn what_cannot_be_decoded_goes_to_the_dlt_with_its_bytes(kafka: EmbeddedKafka) {
    let app = kafka
        .app()
        .listener(charge)
        .state(Gateway::default())
        .start()
        .await;
    kafka
        .send("orders", "{\"id\": \"4111-1111\"}")
        .key("c1")
        .await;
    kafka.send("orders", order(2, -5)).key("c2").await;
    app.listener("charge")
        .settled()
        .await
        .assert_dead_lettered(2);
    let letters = kafka.dlt("orders").all();
    assert_eq!(
        letters[0].record().payload(),
        Some(&b"{\"id\": \"4111-1111\"}"[..])
    );
    assert!(
        !format!("{:?}", letters[0].failure()).contains("4111"),
        "{:?}",
        letters[0].failure()
    );
    assert_eq!(letters[1].failure().error, "Declined");
}

#[kafka_test(topics = ["numbers"])]
async fn an_error_without_policy_is_delivered_ten_times(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(sum).start().await;
    kafka.send("numbers", "12").await;
    kafka.send("numbers", "twelve").await;
    kafka.send("numbers", "13").await;
    app.listener("sum")
        .settled()
        .await
        .assert_handled(2)
        .assert_attempts(12);
    kafka
        .dlt("numbers")
        .assert_one(|letter| letter.failure().error == "ParseIntError");
}
