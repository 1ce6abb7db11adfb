//! Rights on topics as code, and on the topics of retries and dead letters.

use micro_kafka::KafkaApp;
use micro_kafka::prelude::*;

use crate::lists::Operation;
use crate::support::{Access, sender};

const DECLARED: &str = "[kafka.topics.audit]\npartitions = 3\nconfigs.retention.ms = 86400000\n\
                        [kafka.admin]\nmodify-topic-configs = true\n";
const STRICT: &str = "fail-fast = true\n";

fn app(kafka: &Access, settings: &str) -> KafkaApp {
    sender(kafka.config(settings))
}

/// One right after the other is found to be missing, and granted.
async fn asks_for(kafka: &Access, rights: &[(&str, Operation)]) {
    for (right, operation) in rights {
        let settings = format!("{DECLARED}{STRICT}");
        let error = app(kafka, &settings).start().await.unwrap_err().to_string();
        let needs = kafka.needs(right, "topic", "audit");
        assert!(error.contains(&needs), "{error}\nlacks {needs}");
        kafka.allow_topic("audit", &[*operation]);
    }
    let settings = format!("{DECLARED}{STRICT}");
    app(kafka, &settings).start().await.unwrap().stop().await;
    let count = kafka.admin().partition_count("audit").await.unwrap();
    assert_eq!(count, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_topic_that_may_not_be_created() {
    let Some(kafka) = Access::kafka().await else {
        return;
    };
    // Without `fail-fast` the application starts all the same.
    app(&kafka, DECLARED).start().await.unwrap().stop().await;
    asks_for(
        &kafka,
        &[
            ("DESCRIBE", Operation::Describe),
            ("CREATE", Operation::Create),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_topic_that_may_not_be_changed() {
    let Some(kafka) = Access::kafka().await else {
        return;
    };
    kafka.topics(&["audit"]).await;
    asks_for(
        &kafka,
        &[
            ("DESCRIBE", Operation::Describe),
            ("DESCRIBE_CONFIGS", Operation::DescribeConfigs),
            ("ALTER", Operation::Alter),
            ("ALTER_CONFIGS", Operation::AlterConfigs),
        ],
    )
    .await;
    let configs = kafka.admin().topic_configs(&["audit"]).await.unwrap();
    let told = format!("{configs:?}");
    assert!(told.contains("86400000"), "{told}");
}

#[kafka_listener(topics = "orders", group_id = "billing", id = "fail")]
async fn fail(_order: &str) -> Result<(), std::fmt::Error> {
    Err(std::fmt::Error)
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_whose_topic_may_not_be_created() {
    let Some(kafka) = Access::kafka().await else {
        return;
    };
    kafka.topics(&["orders"]).await;
    kafka.allow_topic("orders", &[Operation::Read]);
    kafka.allow_topic("orders-dlt", &[Operation::Describe]);
    kafka.allow_group("billing");
    let start = || {
        let app = KafkaApp::builder().config(kafka.config("")).listener(fail);
        app.build().unwrap().start()
    };
    let error = start().await.unwrap_err().to_string();
    let needs = kafka.needs("CREATE", "topic", "orders-dlt");
    assert!(error.contains(&needs), "{error}\nlacks {needs}");
    kafka.allow_topic("orders-dlt", &[Operation::Create]);
    start().await.unwrap().stop().await;
    let count = kafka.admin().partition_count("orders-dlt").await.unwrap();
    assert_eq!(count, Some(1));
}
