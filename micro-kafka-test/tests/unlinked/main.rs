//! A program without any listener: this binary has none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use micro_kafka::KafkaApp;
use micro_kafka::app::Listener;
use micro_kafka::config::Config;
use micro_kafka_test::prelude::*;

#[test]
fn a_program_without_listeners_is_told_how_to_link_them() {
    let config = Config::builder().build().unwrap();
    let app = KafkaApp::builder().config(config);
    let report = app
        .require_listeners(["charge"])
        .build()
        .unwrap_err()
        .to_string();
    assert!(report.contains("2 problems"), "{report}");
    assert!(report.contains("there are no listeners"), "{report}");
    assert!(
        report.contains("`charge` is required but not linked"),
        "{report}"
    );
    assert!(report.contains("use my_handlers as _;"), "{report}");
}

#[kafka_test(topics = ["orders"])]
async fn a_listener_that_the_program_registers_is_enough(kafka: EmbeddedKafka) {
    let seen = Journal::new();
    let note = seen.clone();
    let listener = Listener::new("charge", move |record| {
        let payload = record.payload().map(<[u8]>::to_vec);
        note.note(payload);
        Box::pin(async { Ok(()) })
    });
    let app = kafka
        .app()
        .register(listener.topics(["orders"]).concurrency(2));
    let app = app.require_listeners(["charge"]).start().await;
    kafka.send("orders", "a").await;
    app.listener("charge").settled().await.assert_handled(1);
    assert_eq!(seen.entries(), [Some(b"a".to_vec())]);
    // An explicit id is the group, too.
    assert_eq!(kafka.committed("charge", "orders").await[&0], 1);
}

#[kafka_test(topics = ["orders"])]
async fn a_registered_listener_that_fails_ends_in_the_dlt(kafka: EmbeddedKafka) {
    let listener = Listener::new("charge", |_| {
        Box::pin(async { Err(std::io::Error::other("no route").into()) })
    });
    let app = kafka
        .app()
        .register(listener.topics(["orders"]))
        .start()
        .await;
    kafka.send("orders", "a").await;
    app.listener("charge")
        .settled()
        .await
        .assert_attempts(10)
        .assert_dead_lettered(1);
    let letters = kafka.dlt("orders").all();
    assert_eq!(letters[0].failure().message.as_deref(), Some("no route"));
}
