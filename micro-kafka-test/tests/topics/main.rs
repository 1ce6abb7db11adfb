//! Topics that the settings declare: created, grown, altered, never shrunk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use futures_util::future::join_all;
use micro_kafka::admin::{NewTopic, TopicStep};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[kafka_listener(topics = "orders", group_id = "audit")]
async fn audit(order: &str, State(orders): State<Journal<String>>) {
    orders.note(order.to_owned());
}

/// Starts and stops an application with these settings.
async fn run(kafka: &EmbeddedKafka, settings: &str) {
    let orders = Journal::<String>::new();
    let app = kafka.app().config(settings).listener(audit).state(orders);
    app.start().await.stop().await;
}

async fn retention(kafka: &EmbeddedKafka, topic: &str) -> Option<String> {
    let all = kafka.admin().topic_configs(&[topic]).await.unwrap();
    all[topic]["retention.ms"].clone()
}

#[kafka_test]
async fn declared_topics_are_there_before_a_listener_starts(kafka: EmbeddedKafka) {
    let settings = "[kafka.topics.orders]\npartitions = 3\nconfigs.retention.ms = 60000\n\
                    [kafka.topics.'prices.v1']\ncompact = true\n";
    run(&kafka, settings).await;
    let admin = kafka.admin();
    assert_eq!(admin.partition_count("orders").await.unwrap(), Some(3));
    assert_eq!(retention(&kafka, "orders").await.as_deref(), Some("60000"));
    let configs = admin.topic_configs(&["prices.v1"]).await.unwrap();
    let policy = configs["prices.v1"]["cleanup.policy"].as_deref();
    assert_eq!(policy, Some("compact"));
    // Again, with nothing to do.
    run(&kafka, settings).await;
    let declared = NewTopic::new("orders")
        .partitions(3)
        .config("retention.ms", "60000");
    assert!(admin.plan(&[declared]).await.unwrap().is_empty());
}

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders", partitions = 3, configs = ["retention.ms=60000", "max.message.bytes=2048"])]
struct Order;

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "prices", compacted)]
struct Price;

#[kafka_test]
async fn topics_of_types_are_made_and_settings_count_over_them(kafka: EmbeddedKafka) {
    let app = || {
        let app = kafka.app().listener(audit).state(Journal::<String>::new());
        app.topic::<Order>().topic::<Price>()
    };
    app().start().await.stop().await;
    let admin = kafka.admin();
    assert_eq!(admin.partition_count("orders").await.unwrap(), Some(3));
    assert_eq!(retention(&kafka, "orders").await.as_deref(), Some("60000"));
    let configs = admin.topic_configs(&["prices"]).await.unwrap();
    let policy = configs["prices"]["cleanup.policy"].as_deref();
    assert_eq!(policy, Some("compact"));
    let over = "[kafka.topics.orders]\npartitions = 4\nconfigs.retention.ms = 70000\n\
                [kafka.admin]\nmodify-topic-configs = true\nproperties.socket.timeout.ms = 9000\n";
    app().config(over).start().await.stop().await;
    assert_eq!(admin.partition_count("orders").await.unwrap(), Some(4));
    assert_eq!(retention(&kafka, "orders").await.as_deref(), Some("70000"));
    let configs = admin.topic_configs(&["orders"]).await.unwrap();
    let largest = configs["orders"]["max.message.bytes"].as_deref();
    assert_eq!(largest, Some("2048"));
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn a_topic_is_grown_and_never_shrunk(kafka: EmbeddedKafka) {
    run(&kafka, "[kafka.topics.orders]\npartitions = 5\n").await;
    assert_eq!(
        kafka.admin().partition_count("orders").await.unwrap(),
        Some(5)
    );
    run(&kafka, "[kafka.topics.orders]\npartitions = 1\n").await;
    assert_eq!(
        kafka.admin().partition_count("orders").await.unwrap(),
        Some(5)
    );
    let plan = kafka
        .admin()
        .plan(&[NewTopic::new("orders").partitions(1)])
        .await
        .unwrap();
    let larger = TopicStep::Larger {
        topic: "orders".into(),
        has: 5,
        declared: 1,
    };
    assert_eq!(plan.steps, [larger]);
}

#[kafka_test(topics = ["orders"])]
async fn settings_are_altered_only_where_that_is_asked_for(kafka: EmbeddedKafka) {
    let topic = "[kafka.topics.orders]\nconfigs.retention.ms = 60000\n";
    let before = retention(&kafka, "orders").await;
    run(&kafka, topic).await;
    assert_eq!(retention(&kafka, "orders").await, before);
    run(
        &kafka,
        &format!("{topic}[kafka.admin]\nmodify-topic-configs = true\n"),
    )
    .await;
    assert_eq!(retention(&kafka, "orders").await.as_deref(), Some("60000"));
}

#[kafka_test]
async fn a_refused_topic_is_fatal_only_where_that_is_asked_for(kafka: EmbeddedKafka) {
    let topic = "[kafka.topics.orders]\nconfigs.retention.ms = 'soon'\n";
    let settings = format!(
        "[kafka]\nbootstrap-servers = '{}'\nnamespace = '{}'\n{topic}[kafka.admin]\nfail-fast = true\n",
        kafka.bootstrap_servers(),
        kafka.wire_name("x").replace(".x", "").replace('x', "own"),
    );
    let config = micro_kafka::config::Config::builder().toml_str("application.toml", settings);
    let app = KafkaApp::builder().config_from(config).listener(audit);
    let app = app.state(Journal::<String>::new()).build().unwrap();
    let error = app.start().await.unwrap_err().to_string();
    assert!(
        error.contains("the declared topics could not be made: cannot create topic"),
        "{error}"
    );
    assert!(error.contains("INVALID_CONFIG"), "{error}");
}

#[kafka_test]
async fn a_topic_that_several_make_at_once_is_known_to_each(kafka: EmbeddedKafka) {
    for round in 0..5 {
        let name = format!("seen-{round}");
        let makers = (0..8).map(|_| async {
            let admin = kafka.admin();
            let topic = NewTopic::new(&name).partitions(3);
            let topic = topic.config("cleanup.policy", "compact");
            admin.create_or_modify(&[topic], false).await.unwrap();
            admin.topic_configs(&[&name]).await.unwrap();
        });
        join_all(makers).await;
    }
}
