//! Settings of topics, brokers and other resources, shown and changed.

mod brokers;
mod order;
mod resources;
mod topics;

use kafka_protocol::messages::alter_configs_request::{
    AlterConfigsResource as ReplacedResource, AlterableConfig as ReplacedConfig,
};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, ApiKey, DescribeConfigsRequest,
    DescribeConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use crate::batch::Batch;
use crate::kafka::{Kafka, text};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const GROUP: i8 = 32;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const MESSAGE_TOO_LARGE: i16 = 10;
const INVALID_TOPIC_EXCEPTION: i16 = 17;
const INVALID_RECORD: i16 = 87;
const INVALID_CONFIG: i16 = 40;
const INVALID_REQUEST: i16 = 42;

/// A setting's name, operation and value.
type Change<'a> = (&'a str, i8, Option<&'a str>);

fn resource(kind: i8, name: &str, changes: &[Change<'_>]) -> AlterConfigsResource {
    let config = |(name, operation, value): &Change<'_>| {
        AlterableConfig::default()
            .with_name(text(name))
            .with_config_operation(*operation)
            .with_value(value.map(text))
    };
    AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configs(changes.iter().map(config).collect())
}

impl Kafka {
    async fn alter(
        &mut self,
        resources: Vec<AlterConfigsResource>,
        validate_only: bool,
    ) -> Vec<(i16, String)> {
        let request = IncrementalAlterConfigsRequest::default()
            .with_resources(resources)
            .with_validate_only(validate_only);
        let answer: IncrementalAlterConfigsResponse = self
            .client
            .call(ApiKey::IncrementalAlterConfigs, 1, &request)
            .await;
        let outcomes = answer.responses.into_iter();
        outcomes
            .map(|r| {
                (
                    r.error_code,
                    r.error_message.unwrap_or_default().to_string(),
                )
            })
            .collect()
    }

    async fn alter_one(&mut self, kind: i8, name: &str, changes: &[Change<'_>]) {
        let outcome = self.alter(vec![resource(kind, name, changes)], false).await;
        assert_eq!(outcome, [(0, String::new())]);
    }

    async fn described(&mut self, kind: i8, name: &str, keys: &[&str]) -> DescribeConfigsResult {
        let keys = keys.iter().map(|key| text(key)).collect();
        let resource = DescribeConfigsResource::default()
            .with_resource_type(kind)
            .with_resource_name(text(name))
            .with_configuration_keys(Some(keys));
        let request = DescribeConfigsRequest::default()
            .with_resources(vec![resource])
            .with_include_synonyms(true)
            .with_include_documentation(true);
        let mut answer: DescribeConfigsResponse =
            self.client.call(ApiKey::DescribeConfigs, 4, &request).await;
        answer.results.remove(0)
    }

    /// Waits until a setting has a value: Apache Kafka's broker learns of it a moment later.
    async fn until(
        &mut self,
        kind: i8,
        name: &str,
        key: &str,
        value: &str,
    ) -> DescribeConfigsResourceResult {
        loop {
            let mut described = self.described(kind, name, &[key]).await;
            let config = described.configs.remove(0);
            if config.value.as_deref() == Some(value) {
                return config;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn broker_id(&mut self) -> String {
        let metadata = self.metadata("none").await;
        metadata.brokers[0].node_id.0.to_string()
    }
}

fn sources(config: &DescribeConfigsResourceResult) -> Vec<(String, i8)> {
    let synonyms = config.synonyms.iter();
    synonyms.map(|s| (s.name.to_string(), s.source)).collect()
}

#[tokio::test]
async fn settings_are_explained_and_secrets_kept() {
    let mut kafka = Kafka::start().await;
    let id = kafka.broker_id().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let all = kafka.described(TOPIC, &topic, &[]).await.configs;
    assert_eq!(all.len(), 33);
    let explained = |config: &DescribeConfigsResourceResult| {
        config
            .documentation
            .as_ref()
            .is_some_and(|doc| !doc.is_empty())
    };
    assert!(all.iter().all(explained));
    for (key, kind, read_only) in [
        ("advertised.listeners", 7, true),
        ("num.partitions", 3, true),
        ("log.retention.ms", 5, false),
        ("log.cleaner.min.cleanable.ratio", 6, false),
        ("auto.create.topics.enable", 1, true),
        ("compression.type", 2, false),
        ("offsets.topic.replication.factor", 4, true),
    ] {
        let config = kafka.described(BROKER, &id, &[key]).await.configs.remove(0);
        assert_eq!(
            (config.config_type, config.read_only),
            (kind, read_only),
            "{key}"
        );
        assert!(explained(&config) && !config.is_sensitive, "{key}");
    }
    let group = kafka
        .described(GROUP, "any", &["consumer.session.timeout.ms"])
        .await;
    assert_eq!(group.configs[0].value.as_deref(), Some("45000"));
    assert_eq!(group.configs[0].config_source, 5);
    for (kind, name, code) in [
        (TOPIC, "no-such-topic", UNKNOWN_TOPIC_OR_PARTITION),
        (TOPIC, "a b", INVALID_TOPIC_EXCEPTION),
        (BROKER, "99", INVALID_REQUEST),
        (BROKER, "x", INVALID_REQUEST),
        (BROKER_LOGGER, "", INVALID_REQUEST),
        (GROUP, "", INVALID_REQUEST),
        (3, "x", INVALID_REQUEST),
    ] {
        let refused = kafka.described(kind, name, &[]).await;
        assert_eq!(refused.error_code, code, "{kind} {name}");
        assert!(refused.configs.is_empty());
    }
}
