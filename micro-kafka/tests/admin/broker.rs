//! What a broker answers.

use std::collections::BTreeMap;
use std::time::Duration;

use micro_kafka::admin::{AdminError, Created, KafkaAdmin, NewTopic, TopicPartition};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::support::{Kafka, Raw, admin, namespace, template};

/// Runs a test with an admin in a namespace of its own.
async fn on_broker(test: impl AsyncFnOnce(&KafkaAdmin, &str)) {
    let kafka = Kafka::start();
    let admin = admin(&kafka.servers(), &namespace());
    test(&admin, &kafka.servers()).await;
}

/// The count once the brokers' metadata is up to date, which may lag behind a change.
async fn count(admin: &KafkaAdmin, topic: &str, expected: Option<u32>) {
    let wait = async {
        while admin.partition_count(topic).await.unwrap() != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), wait).await;
    assert!(waited.is_ok(), "{topic} never had {expected:?} partitions");
}

#[tokio::test]
async fn topics_are_created_once_and_deleted() {
    on_broker(async |admin, _| {
        let topic = NewTopic::new("orders")
            .partitions(4)
            .config("retention.ms", "60000");
        let created = admin
            .create_topics(std::slice::from_ref(&topic))
            .await
            .unwrap();
        assert_eq!(created.get("orders"), Some(&Created::New));
        let again = admin.create_topics(&[topic]).await.unwrap();
        assert_eq!(again.get("orders"), Some(&Created::Existing));
        count(admin, "orders", Some(4)).await;
        admin.delete_topics(&["orders", "never-was"]).await.unwrap();
        count(admin, "orders", None).await;
    })
    .await;
}

#[tokio::test]
async fn a_refused_topic_is_named() {
    on_broker(async |admin, _| {
        let wrong = NewTopic::new("orders").config("no.such.config", "1");
        let error = admin.create_topics(&[wrong]).await.unwrap_err();
        let expected = admin.wire_name("orders");
        assert!(
            matches!(&error, AdminError::Refused { resource, .. } if *resource == expected),
            "{error:?}"
        );
        assert!(error.to_string().contains("no.such.config"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn dead_letter_topics_get_the_partitions_of_their_sources() {
    on_broker(async |admin, _| {
        let source = NewTopic::new("orders").partitions(5);
        admin.create_topics(&[source]).await.unwrap();
        count(admin, "orders", Some(5)).await;
        let pairs = [("orders", "orders-dlt"), ("later", "later-dlt")];
        let new = admin.ensure_dead_letter_topics(&pairs).await.unwrap();
        assert_eq!(new, ["later-dlt", "orders-dlt"]);
        count(admin, "orders-dlt", Some(5)).await;
        assert_eq!(
            admin.partition_count("later").await.unwrap(),
            None,
            "not created"
        );
        assert!(admin.partition_count("later-dlt").await.unwrap() > Some(0));
        let again = admin.ensure_dead_letter_topics(&pairs).await.unwrap();
        assert!(again.is_empty(), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn offsets_of_a_missing_topic_and_group_are_told_apart_from_zero() {
    on_broker(async |admin, _| {
        let error = admin.end_offsets("nowhere").await.unwrap_err();
        assert!(
            matches!(error, AdminError::UnknownTopic { .. }),
            "{error:?}"
        );
        assert!(admin.committed_offsets("nobody").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn end_offsets_count_what_was_sent() {
    on_broker(async |admin, servers| {
        let topic = NewTopic::new("orders").partitions(2);
        admin.create_topics(&[topic]).await.unwrap();
        count(admin, "orders", Some(2)).await;
        let kafka = template(servers, &admin.wire_name(""));
        for _ in 0..10 {
            kafka
                .send("orders", Raw("x"))
                .partition(1)
                .queue()
                .await
                .unwrap()
                .await
                .unwrap();
        }
        let ends = admin.end_offsets("orders").await.unwrap();
        assert_eq!((ends[&0], ends[&1]), (0, 10));
    })
    .await;
}

#[tokio::test]
async fn committed_offsets_are_those_of_the_group() {
    on_broker(async |admin, servers| {
        let topic = NewTopic::new("orders").partitions(2);
        admin.create_topics(&[topic]).await.unwrap();
        count(admin, "orders", Some(2)).await;
        let (group, topic) = (admin.wire_name("billing"), admin.wire_name("orders"));
        let servers = servers.to_owned();
        let commit = move || commit(&servers, &group, &topic);
        tokio::task::spawn_blocking(commit).await.unwrap();
        let committed = admin.committed_offsets("billing").await.unwrap();
        let expected = BTreeMap::from([(TopicPartition::new("orders", 1), 42)]);
        assert_eq!(committed, expected);
    })
    .await;
}

fn commit(servers: &str, group: &str, topic: &str) {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("group.id", group);
    let consumer: BaseConsumer = config.create().unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets
        .add_partition_offset(topic, 1, Offset::Offset(42))
        .unwrap();
    consumer.commit(&offsets, CommitMode::Sync).unwrap();
}

#[tokio::test]
async fn a_request_can_run_on_another_task() {
    on_broker(async |admin, _| {
        let admin = admin.clone();
        let asked = tokio::spawn(async move { admin.partition_count("nowhere").await });
        assert_eq!(asked.await.unwrap().unwrap(), None);
    })
    .await;
}
