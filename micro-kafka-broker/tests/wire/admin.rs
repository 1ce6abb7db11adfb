//! An administrator of the broker under test.
//!
//! `MICRO_KAFKA_TEST=HOST:PORT` runs the tests that use it on another Kafka, which must answer the same.

use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreateTopicsRequest, CreateTopicsResponse, DescribeConfigsRequest,
    DescribeConfigsResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use micro_kafka_broker::Broker;
use rand::RngExt;

use crate::client::Client;

/// A client of the broker under test; the broker lives as long as it.
pub(crate) struct Admin {
    pub(crate) client: Client,
    _broker: Option<Broker>,
    prefix: String,
}

pub(crate) fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

pub(crate) fn topic_name(s: &str) -> TopicName {
    TopicName(text(s))
}

impl Admin {
    pub(crate) async fn new() -> Self {
        let (broker, address) = match std::env::var("MICRO_KAFKA_TEST") {
            Ok(address) => (None, address),
            Err(_) => {
                let builder = Broker::builder().broker_id(1).auto_create(true);
                let broker = builder.start().await.unwrap();
                let address = broker.bootstrap_servers();
                (Some(broker), address)
            }
        };
        Self {
            client: Client::connect(&address).await,
            _broker: broker,
            prefix: format!("t{:08x}", rand::rng().random::<u32>()),
        }
    }

    /// A name that no other test has used.
    pub(crate) fn name(&self, s: &str) -> String {
        format!("{}-{s}", self.prefix)
    }

    pub(crate) async fn create(
        &mut self,
        topics: Vec<CreatableTopic>,
    ) -> Vec<CreatableTopicResult> {
        let request = CreateTopicsRequest::default()
            .with_topics(topics)
            .with_timeout_ms(10_000);
        let answer: CreateTopicsResponse =
            self.client.call(ApiKey::CreateTopics, 7, &request).await;
        for created in answer.topics.iter().filter(|topic| topic.error_code == 0) {
            self.seen(&created.name).await;
        }
        answer.topics
    }

    /// Waits for a created topic: another broker may learn of it a moment later.
    pub(crate) async fn seen(&mut self, name: &TopicName) {
        loop {
            let asked = MetadataRequestTopic::default().with_name(Some(name.clone()));
            let answer = self.metadata(Some(vec![asked])).await;
            if answer.topics[0].error_code == 0 {
                return;
            }
            assert_eq!(answer.topics[0].error_code, 3);
        }
    }

    pub(crate) async fn create_one(&mut self, topic: CreatableTopic) -> (i16, String) {
        let result = self.create(vec![topic]).await.remove(0);
        let message = result.error_message.map(|m| m.to_string());
        (result.error_code, message.unwrap_or_default())
    }

    pub(crate) async fn describe(
        &mut self,
        kind: i8,
        name: &str,
        keys: Option<&[&str]>,
    ) -> DescribeConfigsResponse {
        let keys = keys.map(|keys| keys.iter().map(|key| text(key)).collect());
        let resource = DescribeConfigsResource::default()
            .with_resource_type(kind)
            .with_resource_name(text(name))
            .with_configuration_keys(keys);
        let request = DescribeConfigsRequest::default()
            .with_resources(vec![resource])
            .with_include_synonyms(true);
        self.client.call(ApiKey::DescribeConfigs, 4, &request).await
    }

    pub(crate) async fn metadata(
        &mut self,
        topics: Option<Vec<MetadataRequestTopic>>,
    ) -> MetadataResponse {
        let request = MetadataRequest::default()
            .with_topics(topics)
            .with_allow_auto_topic_creation(false);
        self.client.call(ApiKey::Metadata, 12, &request).await
    }
}

pub(crate) fn topic(name: &str, partitions: i32, factor: i16) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(factor)
}

pub(crate) fn config(name: &str, value: Option<&str>) -> CreatableTopicConfig {
    CreatableTopicConfig::default()
        .with_name(text(name))
        .with_value(value.map(text))
}

pub(crate) fn assigned(partition: i32, brokers: &[i32]) -> CreatableReplicaAssignment {
    CreatableReplicaAssignment::default()
        .with_partition_index(partition)
        .with_broker_ids(brokers.iter().copied().map(BrokerId).collect())
}
