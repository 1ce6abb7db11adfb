//! The keys of `#[kafka_test]`.

use std::process::Command;
use std::time::Duration;

use micro_kafka::template::SendError;
use micro_kafka_test::prelude::*;

use crate::{charge, failure};

#[kafka_test(topics = ["orders", "refunds:2"], partitions = 5, brokers = 1)]
async fn each_topic_has_its_partitions(kafka: EmbeddedKafka) {
    let admin = kafka.admin();
    let counts = admin
        .partition_counts(&["orders", "refunds"])
        .await
        .unwrap();
    assert_eq!((counts["orders"], counts["refunds"]), (Some(5), Some(2)));
}

#[kafka_test(
    topics = ["orders"],
    broker = ["message.max.bytes = 1000"],
    embedded = "another Kafka has its own limits"
)]
async fn the_broker_has_the_properties_of_the_test(kafka: EmbeddedKafka) {
    let large = kafka.template().send("orders", "x".repeat(2_000)).await;
    assert!(
        matches!(large, Err(SendError::TooLarge { .. })),
        "{large:?}"
    );
    kafka.send("orders", "small").await;
}

#[kafka_test(broker = ["log.retention.hour=3"])]
#[should_panic(expected = "log.retention.hour")]
async fn a_property_that_no_broker_has_is_told(_: EmbeddedKafka) {}

#[kafka_test(topics = ["orders:3"], shared)]
async fn tests_on_the_shared_broker_do_not_meet(kafka: EmbeddedKafka) {
    let other = EmbeddedKafka::builder().topic("orders", 1).shared();
    let other = other.start().await.unwrap();
    assert_eq!(kafka.bootstrap_servers(), other.bootstrap_servers());
    assert_ne!(kafka.wire_name("orders"), other.wire_name("orders"));
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", "fine").await;
    other.send("orders", "closed").await;
    app.listener("charge").settled().await.assert_attempts(1);
    kafka.topic("orders").value("fine").assert_one().await;
    other.topic("orders").value("fine").assert_none().await;
}

#[kafka_test(topics = ["orders"], clock = "paused")]
async fn a_paused_clock_moves_by_advance_only(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    let (clock, charge) = (kafka.clock(), app.listener("charge"));
    let began = clock.now();
    kafka.send("orders", "closed").await;
    kafka.advance("0s").await;
    let said = failure(charge.settled()).await;
    for part in [
        "listener `charge` has not settled, the clock is paused: move it by `kafka.advance(…)`",
        ", tried again in 180s",
    ] {
        assert!(said.contains(part), "{said}\nlacks {part}");
    }
    assert_eq!(clock.now(), began);
    kafka.advance(Duration::from_secs(179)).await;
    assert_eq!(charge.stats().failed, 1);
    kafka.advance("361s").await;
    charge
        .settled()
        .await
        .assert_attempts(4)
        .assert_dead_lettered(1);
    assert_eq!(clock.now() - began, Duration::from_secs(540));
}

const FAIL: &str = "KIT_TEST_SHALL_FAIL";

#[kafka_test(topics = ["orders"])]
async fn fails_if_the_environment_says_so(kafka: EmbeddedKafka) {
    kafka.send("orders", "x").await;
    assert!(std::env::var_os(FAIL).is_none(), "as told");
}

#[kafka_test(topics = ["orders"])]
async fn returns_an_error_if_the_environment_says_so(kafka: EmbeddedKafka) -> Result<(), String> {
    kafka.send("orders", "x").await;
    match std::env::var_os(FAIL) {
        Some(_) => Err("as told".to_owned()),
        None => Ok(()),
    }
}

#[test]
fn a_failed_test_tells_what_the_broker_was_asked() {
    for name in ["fails", "returns_an_error"] {
        let mut test = Command::new(std::env::current_exe().unwrap());
        let name = format!("options::{name}_if_the_environment_says_so");
        test.args(["--exact", &name, "--nocapture"]);
        let output = test.env(FAIL, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains("as told"),
            "{said}"
        );
        let told = said.contains("what the broker was asked about the test's topics and groups:");
        let produced = said
            .lines()
            .any(|line| line.contains("Produce") && line.contains("orders-0"));
        let embedded = std::env::var_os(micro_kafka_test::EXTERNAL).is_none();
        assert_eq!((told, produced), (embedded, embedded), "{said}");
    }
}
