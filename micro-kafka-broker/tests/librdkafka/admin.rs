//! librdkafka's admin client.

use rdkafka::admin::{
    AdminOptions, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::FutureRecord;
use rdkafka::types::RDKafkaErrorCode;

use crate::kafka::{DEADLINE, Kafka};

fn options() -> AdminOptions {
    AdminOptions::new()
        .operation_timeout(Some(DEADLINE))
        .request_timeout(Some(DEADLINE))
}

fn partitions(kafka: &Kafka, topic: &str) -> usize {
    let client: BaseConsumer = kafka.config(&[]).create().unwrap();
    let metadata = client.fetch_metadata(Some(topic), DEADLINE).unwrap();
    metadata.topics()[0].partitions().len()
}

#[tokio::test]
async fn topics_are_created_grown_described_and_deleted() {
    let kafka = Kafka::start();
    let admin = kafka.admin();
    let name = kafka.name("t");
    let topic = NewTopic::new(&name, 2, TopicReplication::Fixed(1)).set("retention.ms", "1000");
    let created = admin.create_topics([&topic], &options()).await.unwrap();
    assert_eq!(created, [Ok(name.clone())]);
    let again = admin.create_topics([&topic], &options()).await.unwrap();
    assert_eq!(
        again,
        [Err((name.clone(), RDKafkaErrorCode::TopicAlreadyExists))]
    );
    assert_eq!(partitions(&kafka, &name), 2);

    let grown = NewPartitions::new(&name, 5);
    let grown = admin.create_partitions([&grown], &options()).await.unwrap();
    assert_eq!(grown, [Ok(name.clone())]);
    while partitions(&kafka, &name) < 5 {
        // Apache Kafka's brokers learn of it a moment later.
        tokio::task::yield_now().await;
    }

    let resource = ResourceSpecifier::Topic(&name);
    let described = admin
        .describe_configs([&resource], &options())
        .await
        .unwrap();
    let described = described.into_iter().next().unwrap().unwrap();
    let retention = described.get("retention.ms").unwrap();
    assert_eq!(retention.value.as_deref(), Some("1000"));
    assert_eq!(retention.source, ConfigSource::DynamicTopic);

    let deleted = admin.delete_topics(&[&name], &options()).await.unwrap();
    assert_eq!(deleted, [Ok(name.clone())]);
    let again = admin.delete_topics(&[&name], &options()).await.unwrap();
    assert_eq!(
        again,
        [Err((name, RDKafkaErrorCode::UnknownTopicOrPartition))]
    );
}

#[tokio::test]
async fn a_topic_is_created_when_a_producer_wants_it() {
    let kafka = Kafka::start();
    let producer = kafka.producer(&[]);
    let name = kafka.name("auto");
    let record = FutureRecord::<str, str>::to(&name).payload("first");
    let sent = producer.send(record, DEADLINE).await.unwrap();
    assert_eq!((sent.partition, sent.offset), (0, 0));
}
