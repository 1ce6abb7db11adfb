//! What is wrong is told at boot.

use micro_kafka::app::Listener;
use micro_kafka::idempotent::{IdempotentDef, KeyDef};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[kafka_listener(topics = "orders", group_id = "elsewhere")]
#[idempotent(key = "key", store = "${dedup.store:redis}")]
async fn elsewhere(_: &str) {}

#[kafka_listener(topics = "orders", group_id = "plain")]
async fn plain(_: &str) {}

async fn complaint(kafka: &EmbeddedKafka, setting: (&str, &str)) -> String {
    let app = kafka.app().listener(elsewhere).listener(plain);
    let app = app.set(setting.0, setting.1);
    app.try_start().await.unwrap_err().to_string()
}

#[kafka_test(topics = ["orders"])]
async fn an_unknown_store_is_named_with_those_that_there_are(kafka: EmbeddedKafka) {
    let report = complaint(&kafka, ("kafka.listeners.plain.concurrency", "1")).await;
    let expected = "listener `elsewhere`: there is no idempotency store `redis`: register it by \
                    `.idempotency_store(\"redis\", …)`; there are: memory, topic";
    assert!(report.contains(expected), "{report}");
}

#[kafka_test(topics = ["orders"])]
async fn a_store_without_the_attribute_is_a_mistake(kafka: EmbeddedKafka) {
    let report = complaint(
        &kafka,
        ("kafka.listeners.plain.idempotency-store", "memory"),
    )
    .await;
    assert!(
        report.contains("the function has no `#[idempotent(key = …)]`"),
        "{report}"
    );
}

#[kafka_test(topics = ["orders"])]
async fn manual_modes_and_transactions_by_settings_are_refused(kafka: EmbeddedKafka) {
    let report = complaint(&kafka, ("kafka.listeners.elsewhere.ack-mode", "manual")).await;
    assert!(report.contains("ack mode `manual` leaves open"), "{report}");
    let app = kafka.app().listener(elsewhere);
    let app = app
        .set("kafka.listeners.elsewhere.idempotency-store", "memory")
        .set("kafka.listeners.elsewhere.transactional", "true");
    let report = app.try_start().await.unwrap_err().to_string();
    assert!(
        report.contains("write `store = \"topic\"`, whose marks are part of the transaction"),
        "{report}"
    );
}

#[kafka_test(topics = ["orders"])]
async fn a_batch_by_program_is_refused(kafka: EmbeddedKafka) {
    let batch = Listener::batch("many", |_| Box::pin(async { Ok(Vec::new()) }));
    let batch = batch.topics(["orders"]).idempotent(IdempotentDef {
        key: KeyDef::RecordKey,
        store: None,
        window: None,
    });
    let error = kafka.app().register(batch).try_start().await.unwrap_err();
    let report = error.to_string();
    assert!(report.contains("takes one record at a time"), "{report}");
}
