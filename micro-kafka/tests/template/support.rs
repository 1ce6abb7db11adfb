//! A mock cluster, a payload of plain bytes, and a reader of what arrived.

use std::time::{Duration, Instant};

use micro_kafka::codec::{EncodeError, ToPayload};
use micro_kafka::record::{OwnedHeader, OwnedRecord, Timestamp};
use micro_kafka::template::{KafkaTemplate, TemplateConfig};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

pub(crate) type Cluster = MockCluster<'static, DefaultProducerContext>;

pub(crate) fn cluster(topic: &str, partitions: i32) -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(topic, partitions, 1).unwrap();
    cluster
}

pub(crate) fn template(cluster: &Cluster, properties: &[(&str, &str)]) -> KafkaTemplate {
    KafkaTemplate::new(config(cluster, properties)).unwrap()
}

pub(crate) fn config(cluster: &Cluster, properties: &[(&str, &str)]) -> TemplateConfig {
    let config = TemplateConfig::new(cluster.bootstrap_servers());
    properties
        .iter()
        .fold(config, |config, (key, value)| config.property(*key, *value))
}

/// A payload as it stands; `None` is a tombstone.
pub(crate) struct Raw<'a>(pub(crate) Option<&'a [u8]>);

impl ToPayload for Raw<'_> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        buffer.extend_from_slice(self.0.unwrap_or_default());
        Ok(self.0.is_some())
    }
}

pub(crate) fn raw(text: &str) -> Raw<'_> {
    Raw(Some(text.as_bytes()))
}

/// Reads `count` records of all partitions of a topic.
pub(crate) fn read(
    cluster: &Cluster,
    topic: &str,
    partitions: i32,
    count: usize,
) -> Vec<OwnedRecord> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "reader")
        .set("fetch.wait.max.ms", "5")
        .create()
        .unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions {
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut records = Vec::new();
    while records.len() < count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} records arrived: {records:?}",
            records.len()
        );
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            records.push(owned(&message.unwrap()));
        }
    }
    records
}

fn owned(message: &impl Message) -> OwnedRecord {
    let mut record = OwnedRecord::new(message.topic(), message.partition(), message.offset());
    record.key = message.key().map(Into::into);
    record.payload = message.payload().map(Into::into);
    record.timestamp = message
        .timestamp()
        .to_millis()
        .map_or(Timestamp::NotAvailable, Timestamp::CreateTime);
    for header in message.headers().into_iter().flat_map(Headers::iter) {
        record.headers.push(OwnedHeader {
            name: header.key.into(),
            value: header.value.map(Into::into),
        });
    }
    record
}
