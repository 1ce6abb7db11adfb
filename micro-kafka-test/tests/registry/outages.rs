//! A registry that is away is no fault of a record.

use micro_kafka::codec::{Avro, Registered};
use micro_kafka::prelude::*;
use micro_kafka_test::EmbeddedRegistry;
use micro_kafka_test::prelude::*;

use super::formats::{Order, Seen, order, settings, take_avro, template};

#[kafka_listener(topics = "plain", group_id = "plain")]
async fn take_plain(text: Text, State(seen): State<Seen>) {
    seen.note(text.0);
}

/// An application that reads with schemas, and without.
async fn both(kafka: &EmbeddedKafka, registry: &EmbeddedRegistry, seen: &Seen) -> TestApp {
    let app = kafka.app().listener(take_avro).listener(take_plain);
    let app = app.config(settings(registry)).state(seen.clone());
    app.start().await
}

#[kafka_test(topics = ["orders", "orders-dlt", "plain"])]
async fn records_wait_for_a_registry_that_is_away_and_nothing_else_does(kafka: EmbeddedKafka) {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let seen = Seen::default();
    let app = both(&kafka, &registry, &seen).await;
    template(&app)
        .send("orders", Registered(Avro(&order(1))))
        .await
        .unwrap();
    app.listener("take_avro").settled().await;
    // Another application, which has to look the schema up.
    app.stop().await;
    let app = both(&kafka, &registry, &seen).await;
    registry.set_down(true);
    let sent = kafka.topic("orders").assert_one().await;
    let bytes = sent.payload.clone().unwrap();
    kafka.send("orders", Bytes(bytes)).await;
    kafka.send("plain", "goes on").await;
    app.listener("take_plain").settled().await;
    kafka.advance("10m").await;
    kafka.dlt("orders").assert_none();
    assert_eq!(seen.all().len(), 2, "{:?}", seen.all());
    registry.set_down(false);
    kafka.advance("1m").await;
    app.listener("take_avro").settled().await;
    assert_eq!(seen.all().len(), 3, "{:?}", seen.all());
    kafka.dlt("orders").assert_none();
}

#[kafka_test(topics = ["orders"])]
async fn a_send_fails_with_subject_and_address_and_succeeds_once_the_registry_is_back(
    kafka: EmbeddedKafka,
) {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let app = kafka
        .app()
        .listener(take_avro)
        .config(settings(&registry))
        .state(Seen::default())
        .start()
        .await;
    let send = template(&app);
    registry.set_down(true);
    let payload: Registered<Avro<Order>> = Registered(Avro(order(1)));
    let error = send.send("orders", &payload).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        source.contains("orders-value") && source.contains(&registry.url()),
        "{source}"
    );
    registry.set_down(false);
    send.send("orders", &payload).await.unwrap();
    app.listener("take_avro").settled().await;
}
