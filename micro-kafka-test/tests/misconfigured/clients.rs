//! What excludes what in a client: 7, 19 and 20.

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

use super::{refused, report};

#[test]
fn case_07_session_heartbeat_and_poll_interval_that_do_not_fit() {
    refused(
        "[kafka.consumer]\nmax-poll-interval = '10s'\nproperties.session.timeout.ms = 20000\n",
        "3:33: session.timeout.ms: session.timeout.ms (20000) must not be longer than \
         max.poll.interval.ms (10000)",
    );
    refused(
        "[kafka.consumer]\nheartbeat-interval = '6s'\nproperties.session.timeout.ms = 6000\n",
        "2:22: heartbeat.interval.ms: heartbeat.interval.ms (6000) must be shorter than \
         session.timeout.ms (6000), best a third of it",
    );
}

#[kafka_listener(topics = "orders", group_id = "billing", auto_startup = false)]
async fn charge() {}

/// One of two instances that are alike.
async fn instance(kafka: &EmbeddedKafka, prefix: &str) -> TestApp {
    let app = kafka.app().listener(charge);
    let app = app.set("kafka.producer.transaction-id-prefix", prefix);
    let app = app.set("kafka.producer.transaction-producers", 1);
    app.try_start().await.unwrap()
}

async fn send(app: &TestApp) -> Result<(), KafkaError> {
    let template = app.template();
    template
        .transaction(async |tx| tx.send("orders", "a").await)
        .await
}

#[kafka_test(topics = ["orders"])]
async fn case_19_two_instances_with_one_transactional_id(kafka: EmbeddedKafka) {
    let prefix = kafka.wire_name("shop-0-");
    let one = instance(&kafka, &prefix).await;
    let other = instance(&kafka, &prefix).await;
    send(&one).await.unwrap();
    send(&other).await.unwrap();
    // The second one took the id; whoever is told takes it back, and is told again.
    let told = send(&one).await.unwrap_err().to_string();
    assert!(
        told.contains("was fenced: another producer took its id over"),
        "{told}"
    );
    send(&one).await.unwrap();
    send(&other).await.unwrap_err();
    send(&other).await.unwrap();
    one.stop().await;
    other.stop().await;
}

#[test]
fn case_20_no_acknowledgements_with_exactly_once() {
    for (acks, shown) in [("0", "0"), ("1", "1"), ("'0'", "0")] {
        let settings =
            format!("[kafka.producer]\nacks = {acks}\ntransaction-id-prefix = 'shop-0-'\n");
        refused(
            &settings,
            &format!(
                "2:8: acks: acks = {shown} excludes the idempotent producer: set acks = \"all\", or give \
                 up idempotence by enable.idempotence = false in [kafka.producer.properties]"
            ),
        );
    }
    let given_up = "[kafka.producer]\nacks = 0\ntransaction-id-prefix = 'shop-0-'\n\
                    properties.enable.idempotence = false\n";
    let report = report(given_up);
    assert!(report.contains("transaction"), "{report}");
}
