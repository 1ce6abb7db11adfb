//! Settings of topics and brokers, shown and changed.

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
async fn a_topics_settings_change_while_it_is_used() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[("retention.ms", "1000000")]).await;
    let limit = [("max.message.bytes", SET, Some("100"))];
    kafka.alter_one(TOPIC, &topic, &limit).await;
    let config = kafka.until(TOPIC, &topic, "max.message.bytes", "100").await;
    assert_eq!((config.config_source, config.config_type), (1, 3));
    let expected = [("max.message.bytes", 1), ("message.max.bytes", 5)];
    assert_eq!(sources(&config), expected.map(|(n, s)| (n.to_owned(), s)));
    let mut sent = kafka.produce(&topic, Batch::of(1, 500).bytes()).await;
    while sent.error_code == 0 {
        sent = kafka.produce(&topic, Batch::of(1, 500).bytes()).await;
    }
    assert_eq!(sent.error_code, MESSAGE_TOO_LARGE);

    let limit = [("max.message.bytes", DELETE, None)];
    kafka.alter_one(TOPIC, &topic, &limit).await;
    kafka
        .until(TOPIC, &topic, "max.message.bytes", "1048588")
        .await;
    while sent.error_code == MESSAGE_TOO_LARGE {
        sent = kafka.produce(&topic, Batch::of(1, 500).bytes()).await;
    }
    assert_eq!(sent.error_code, 0);
    kafka.until(TOPIC, &topic, "retention.ms", "1000000").await;
}

#[tokio::test]
async fn the_next_record_is_taken_as_its_topic_was_told() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let batch = Batch::of(1, 5);
    let sent = kafka.produce(&topic, batch.bytes()).await;
    assert_eq!((sent.error_code, sent.log_append_time_ms), (0, -1));
    let stamped = [("message.timestamp.type", SET, Some("LogAppendTime"))];
    kafka.alter_one(TOPIC, &topic, &stamped).await;
    // Apache Kafka's log learns of it a moment later.
    while kafka
        .produce(&topic, batch.bytes())
        .await
        .log_append_time_ms
        == -1
    {}
    let compacted = [("cleanup.policy", SET, Some("compact"))];
    kafka.alter_one(TOPIC, &topic, &compacted).await;
    let mut sent = kafka.produce(&topic, batch.bytes()).await;
    while sent.error_code == 0 {
        sent = kafka.produce(&topic, batch.bytes()).await;
    }
    assert_eq!(sent.error_code, INVALID_RECORD, "there is no key");
    let replaced = [
        ("cleanup.policy", DELETE, None),
        ("message.timestamp.type", DELETE, None),
    ];
    kafka.alter_one(TOPIC, &topic, &replaced).await;
    while sent.error_code == INVALID_RECORD || sent.log_append_time_ms != -1 {
        sent = kafka.produce(&topic, batch.bytes()).await;
    }
    assert_eq!(sent.error_code, 0);
}

#[tokio::test]
async fn lists_grow_and_shrink() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    for (operation, word, becomes) in [
        (APPEND, "compact", "delete,compact"),
        (APPEND, "compact", "delete,compact"),
        (SUBTRACT, "delete", "compact"),
        (SUBTRACT, "delete", "compact"),
        (APPEND, "delete", "compact,delete"),
    ] {
        let change = [("cleanup.policy", operation, Some(word))];
        kafka.alter_one(TOPIC, &topic, &change).await;
        kafka.until(TOPIC, &topic, "cleanup.policy", becomes).await;
    }
}

#[tokio::test]
async fn impossible_values_of_topics_are_refused() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let number = "Invalid value x for configuration retention.ms: Not a number of type LONG";
    let append = "Can't APPEND to key retention.ms because its type is not LIST.";
    let crossed =
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)";
    kafka
        .alter_one(TOPIC, &topic, &[("min.compaction.lag.ms", SET, Some("10"))])
        .await;
    for (key, operation, value, says) in [
        ("retention.ms", SET, "x", number),
        (
            "retention",
            SET,
            "1",
            "Unknown topic config name: retention",
        ),
        ("retention.ms", APPEND, "5", append),
        (
            "cleanup.policy",
            APPEND,
            "shred",
            "String must be one of: compact, delete",
        ),
        (
            "compression.zstd.level",
            SET,
            "23",
            "Value must be no more than 22",
        ),
        (
            "compression.gzip.level",
            SET,
            "0",
            "Value must be between 1 and 9 or equal to -1",
        ),
        (
            "remote.storage.enable",
            SET,
            "true",
            "Tiered Storage functionality is disabled",
        ),
        ("max.compaction.lag.ms", SET, "5", crossed),
    ] {
        let change = [(key, operation, Some(value))];
        let outcome = kafka
            .alter(vec![resource(TOPIC, &topic, &change)], false)
            .await;
        assert_eq!(outcome[0].0, INVALID_CONFIG, "{key}: {}", outcome[0].1);
        assert!(outcome[0].1.contains(says), "{key}: {}", outcome[0].1);
    }
}

#[tokio::test]
async fn impossible_changes_of_topics_are_refused() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let no_topic = kafka.name("none");
    let five = [("retention.ms", SET, Some("5"))];
    let null = [("retention.ms", SET, None)];
    let twice = [five[0], ("retention.ms", DELETE, None)];
    let cases: [(&str, &[Change<'_>], i16, &str); 4] = [
        (
            &topic,
            &null,
            INVALID_REQUEST,
            "Null value not supported for : retention.ms",
        ),
        (
            &topic,
            &twice,
            INVALID_REQUEST,
            "Error due to duplicate config keys",
        ),
        (
            &no_topic,
            &five,
            UNKNOWN_TOPIC_OR_PARTITION,
            "does not exist.",
        ),
        (
            "a b",
            &five,
            INVALID_TOPIC_EXCEPTION,
            "Topic name is invalid: 'a b'",
        ),
    ];
    for (name, changes, code, says) in cases {
        let outcome = kafka
            .alter(vec![resource(TOPIC, name, changes)], false)
            .await;
        assert_eq!(outcome[0].0, code, "{changes:?}: {}", outcome[0].1);
        assert!(outcome[0].1.contains(says), "{changes:?}: {}", outcome[0].1);
    }
    let both = vec![
        resource(TOPIC, &topic, &five),
        resource(TOPIC, &topic, &five),
    ];
    for outcome in kafka.alter(both, false).await {
        let text = "Each resource must appear at most once.";
        assert_eq!(outcome, (INVALID_REQUEST, text.to_owned()));
    }
    let only_checked = kafka
        .alter(vec![resource(TOPIC, &topic, &five)], true)
        .await;
    assert_eq!(only_checked[0].0, 0);
    kafka
        .until(TOPIC, &topic, "retention.ms", "604800000")
        .await;
}

#[tokio::test]
async fn replacing_resets_what_is_not_named() {
    let mut kafka = Kafka::start().await;
    let configs = [("retention.ms", "1000000"), ("segment.bytes", "2000000")];
    let topic = kafka.topic("t", 1, &configs).await;
    let config = ReplacedConfig::default()
        .with_name(text("segment.bytes"))
        .with_value(Some(text("3000000")));
    let resource = ReplacedResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(&topic))
        .with_configs(vec![config]);
    let request = AlterConfigsRequest::default().with_resources(vec![resource]);
    let answer: AlterConfigsResponse = kafka.client.call(ApiKey::AlterConfigs, 2, &request).await;
    assert_eq!(answer.responses[0].error_code, 0);
    kafka.until(TOPIC, &topic, "segment.bytes", "3000000").await;
    kafka
        .until(TOPIC, &topic, "retention.ms", "604800000")
        .await;
}

#[tokio::test]
async fn a_brokers_settings_change_while_it_runs() {
    let mut kafka = Kafka::start().await;
    let id = kafka.broker_id().await;
    let topic = kafka.topic("t", 1, &[]).await;
    // Nothing is compressed by the broker, so nobody else notices.
    let key = "compression.lz4.level";
    kafka.alter_one(BROKER, "", &[(key, SET, Some("10"))]).await;
    let config = kafka.until(BROKER, &id, key, "10").await;
    assert_eq!((config.config_source, config.read_only), (3, false));
    kafka
        .alter_one(BROKER, &id, &[(key, SET, Some("11"))])
        .await;
    let config = kafka.until(BROKER, &id, key, "11").await;
    assert_eq!(sources(&config), [2, 3, 5].map(|s| (key.to_owned(), s)));
    let config = kafka.until(TOPIC, &topic, key, "11").await;
    assert_eq!(config.config_source, 2);
    let default = kafka.described(BROKER, "", &[key]).await.configs.remove(0);
    assert_eq!(
        (default.value.as_deref(), default.config_source),
        (Some("10"), 3)
    );
    assert_eq!(sources(&default), [(key.to_owned(), 3)]);
    for name in [id.as_str(), ""] {
        kafka.alter_one(BROKER, name, &[(key, DELETE, None)]).await;
    }
    let config = kafka.until(BROKER, &id, key, "9").await;
    assert_eq!(config.config_source, 5);
}

#[tokio::test]
async fn impossible_changes_of_brokers_are_refused() {
    let mut kafka = Kafka::start().await;
    let id = kafka.broker_id().await;
    let cases = [
        (
            BROKER,
            &*id,
            "num.partitions",
            Some("5"),
            "Cannot update these configs dynamically: [num.partitions]",
        ),
        (
            BROKER,
            "",
            "auto.create.topics.enable",
            Some("false"),
            "Cannot update these configs dynamically: [auto.create.topics.enable]",
        ),
        (
            BROKER,
            &*id,
            "log.retention.ms",
            Some("x"),
            "Invalid value x for configuration log.retention.ms: Not a number of type LONG",
        ),
        (
            BROKER,
            &*id,
            "message.max.bytes",
            Some("-1"),
            "Value must be at least 0",
        ),
        (
            BROKER,
            &*id,
            "log.retention.ms",
            None,
            "Null value not supported for : log.retention.ms",
        ),
        (
            BROKER,
            "99",
            "log.retention.ms",
            Some("5"),
            "but received 99",
        ),
        (
            BROKER,
            "x",
            "log.retention.ms",
            Some("5"),
            "Node id must be an integer, but it is: x",
        ),
        (BROKER_LOGGER, "99", "root", Some("INFO"), "but received 99"),
        (3, "x", "a", Some("b"), "Unknown resource type 3"),
        (
            TOPIC,
            "",
            "retention.ms",
            Some("5"),
            "Default topic resources are not allowed.",
        ),
    ];
    for (kind, name, key, value, says) in cases {
        let change = [(key, SET, value)];
        let outcome = kafka.alter(vec![resource(kind, name, &change)], true).await;
        assert_eq!(outcome[0].0, INVALID_REQUEST, "{key}: {}", outcome[0].1);
        assert!(outcome[0].1.contains(says), "{key}: {}", outcome[0].1);
    }
    let good = [("log.retention.ms", SET, Some("5000"))];
    let outcome = kafka.alter(vec![resource(BROKER, &id, &good)], true).await;
    assert_eq!(outcome[0], (0, String::new()));
    let config = kafka.described(BROKER, &id, &["log.retention.ms"]).await;
    assert_eq!(config.configs[0].value, None, "only checked");
}

#[tokio::test]
async fn loggers_are_named_and_unknown_ones_refused() {
    let mut kafka = Kafka::start().await;
    let id = kafka.broker_id().await;
    let root = kafka.described(BROKER_LOGGER, &id, &["root"]).await;
    assert_eq!(root.error_code, 0);
    assert_eq!(root.configs[0].config_source, 6);
    assert!(!root.configs[0].read_only && root.configs[0].synonyms.is_empty());
    for (key, operation, value, code, says) in [
        (
            "no.such.logger",
            SET,
            Some("INFO"),
            INVALID_CONFIG,
            "Logger no.such.logger does not exist!",
        ),
        (
            "root",
            SET,
            Some("LOUD"),
            INVALID_CONFIG,
            "Cannot set the log level of root to LOUD",
        ),
        (
            "root",
            DELETE,
            None,
            INVALID_REQUEST,
            "Removing the log level of the root logger is not allowed",
        ),
        (
            "root",
            APPEND,
            Some("INFO"),
            INVALID_REQUEST,
            "APPEND operation is not allowed for the BROKER_LOGGER resource",
        ),
    ] {
        let change = [(key, operation, value)];
        let outcome = kafka
            .alter(vec![resource(BROKER_LOGGER, &id, &change)], true)
            .await;
        assert_eq!(outcome[0].0, code, "{key}: {}", outcome[0].1);
        assert!(outcome[0].1.contains(says), "{key}: {}", outcome[0].1);
    }
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
