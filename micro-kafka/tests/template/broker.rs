//! What a broker does, beyond the mock cluster: the embedded one, or that which
//! `MICRO_KAFKA_TEST=HOST:PORT` names.

use std::time::{SystemTime, UNIX_EPOCH};

use micro_kafka::admin::NewTopic;
use micro_kafka::record::Timestamp;
use micro_kafka::template::{KafkaTemplate, SendError, TemplateConfig};

use micro_kafka_broker::Broker;

use crate::support::raw;

/// The settings of a template in a namespace of its own; the embedded broker, if any, ends with
/// what comes second.
pub(crate) fn own_config() -> (TemplateConfig, Option<Broker>) {
    let (servers, broker) = match std::env::var("MICRO_KAFKA_TEST") {
        Ok(servers) => (servers, None),
        Err(_) => {
            let broker = Broker::builder().listen("127.0.0.1:0").start_on_threads(1);
            let broker = broker.unwrap();
            (broker.bootstrap_servers(), Some(broker))
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut config = TemplateConfig::new(servers);
    config.namespace = format!("t{}.", now.as_nanos());
    (config, broker)
}

/// A template with topic `orders` of three partitions.
async fn on_broker() -> (KafkaTemplate, Option<Broker>) {
    let (config, broker) = own_config();
    let kafka = KafkaTemplate::new(config).unwrap();
    let topic = NewTopic::new("orders").partitions(3);
    kafka.admin().create_topics(&[topic]).await.unwrap();
    (kafka, broker)
}

#[tokio::test]
async fn a_broker_stores_records_where_the_result_says() {
    let (kafka, _broker) = on_broker().await;
    let send = kafka.send("orders", raw("x")).key("21").header("a", "b");
    let sent = send.timestamp(1_700_000_000_000).await.unwrap();
    let expected = (-973_932_308 & i32::MAX) % 3;
    assert_eq!((sent.partition, sent.offset), (expected, 0));
    assert_eq!(sent.timestamp, Timestamp::CreateTime(1_700_000_000_000));
    let ends = kafka.admin().end_offsets("orders").await.unwrap();
    assert_eq!(ends[&expected], 1);
}

#[tokio::test]
async fn a_broker_takes_many_records_once_each() {
    let (kafka, _broker) = on_broker().await;
    for n in 0..20_000 {
        let payload = n.to_string();
        let send = kafka.send("orders", raw(&payload)).key(&payload);
        drop(send.queue().await.unwrap());
    }
    kafka
        .flush(std::time::Duration::from_secs(30))
        .await
        .unwrap();
    let ends = kafka.admin().end_offsets("orders").await.unwrap();
    assert_eq!(ends.values().sum::<i64>(), 20_000);
}

#[tokio::test]
async fn a_record_above_the_topics_limit_is_too_large() {
    let (kafka, _broker) = on_broker().await;
    let small = NewTopic::new("small")
        .partitions(1)
        .config("max.message.bytes", "1000");
    kafka.admin().create_topics(&[small]).await.unwrap();
    let error = kafka
        .send("small", raw(&"x".repeat(2_000)))
        .await
        .unwrap_err();
    assert!(matches!(error, SendError::TooLarge { .. }), "{error:?}");
    kafka.send("small", raw("fits")).await.unwrap();
}

#[tokio::test]
async fn partitions_are_told_with_their_leaders() {
    let (kafka, _broker) = on_broker().await;
    let partitions = kafka.partitions_for("orders").await.unwrap();
    let numbers = partitions.iter().map(|info| info.partition);
    assert!(numbers.eq(0..3), "{partitions:?}");
    for info in &partitions {
        let leader = info.leader.as_ref().expect("a leader");
        assert_eq!((leader.host.as_str(), leader.port > 0), ("127.0.0.1", true));
        assert_eq!(info.replicas, [leader.id]);
        assert_eq!(info.in_sync, [leader.id]);
    }
    let missing = kafka.partitions_for("nowhere").await.unwrap();
    assert!(missing.is_empty(), "{missing:?}");
    let created = kafka.admin().partition_count("nowhere").await.unwrap();
    assert_eq!(created, None);
}
