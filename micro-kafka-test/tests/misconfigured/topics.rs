//! Records that would go in a circle: 12 and 13.

use micro_kafka::prelude::*;
use micro_kafka_test::TestAppBuilder;
use micro_kafka_test::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge() {}

#[kafka_listener(topics = "refunds", group_id = "billing")]
async fn refund() {}

async fn told(app: TestAppBuilder) -> String {
    app.try_start().await.unwrap_err().to_string()
}

#[kafka_test(topics = ["orders", "refunds"])]
async fn case_12_dead_letters_that_go_back_to_their_topic(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge);
    let report = told(app.set("kafka.listeners.charge.dead-letter-topic", "orders")).await;
    let line = "kafka.listeners.charge.dead-letter-topic: the listener reads \"orders\" itself: its \
                failures would come back for ever";
    assert!(report.contains(line), "{report}");
    let both = kafka.app().listener(charge).listener(refund);
    let both = both
        .set("kafka.listeners.charge.dead-letter-topic", "refunds")
        .set("kafka.listeners.refund.dead-letter-topic", "orders");
    let report = told(both).await;
    for part in [
        "dead letters would go in a circle, ",
        "set another `dead-letter-topic` for one of them, or `recoverer = \"log\"`",
    ] {
        assert!(report.contains(part), "{report}");
    }
}

#[kafka_test(topics = ["orders"])]
async fn case_13_retry_topics_that_lead_back_to_their_source(kafka: EmbeddedKafka) {
    let settings = "[kafka.listeners.charge]\ntopics = ['orders', 'orders-retry']\n\
                    [kafka.listeners.charge.retry-topic]\nenabled = true\n";
    let report = told(kafka.app().listener(charge).config(settings)).await;
    assert!(
        report.contains(
            "would be a source and a retry or dead-letter topic at once: choose another suffix"
        ),
        "{report}"
    );
    assert!(report.contains("orders-retry`"), "{report}");
}
