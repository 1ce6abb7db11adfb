//! Of several faults the one that Kafka tells, and values as Kafka has understood them.

use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse, MetadataRequest, MetadataResponse,
};
use uuid::Uuid;

use super::*;
use crate::kafka::topic_name;

const UNKNOWN_SERVER_ERROR: i16 = -1;
const INVALID_PARTITIONS: i16 = 37;
const INVALID_REPLICATION_FACTOR: i16 = 38;
const UNKNOWN_TOPIC_ID: i16 = 100;

impl Kafka {
    async fn refused(
        &mut self,
        (partitions, replicas): (i32, i16),
        configs: &[(&str, Option<&str>)],
    ) -> (i16, String) {
        let config = |(name, value): &(&str, Option<&str>)| {
            CreatableTopicConfig::default()
                .with_name(text(name))
                .with_value(value.map(text))
        };
        let topic = CreatableTopic::default()
            .with_name(topic_name(&self.name("refused")))
            .with_num_partitions(partitions)
            .with_replication_factor(replicas)
            .with_configs(configs.iter().map(config).collect());
        let request = CreateTopicsRequest::default().with_topics(vec![topic]);
        let mut answer: CreateTopicsResponse =
            self.client.call(ApiKey::CreateTopics, 7, &request).await;
        let refused = answer.topics.remove(0);
        let message = refused.error_message.unwrap_or_default().to_string();
        (refused.error_code, message)
    }
}

#[tokio::test]
async fn the_first_fault_of_a_new_topic_is_told() {
    let mut kafka = Kafka::start().await;
    let ratio = ("min.cleanable.dirty.ratio", Some("1.5"));
    let (bytes, strange) = (("retention.bytes", Some("x")), ("no.such", Some("1")));
    let (null, strange_null) = (("flush.ms", None), ("no.more", None));
    for (numbers, configs, code, says) in [
        ((0, 0), &[][..], INVALID_REPLICATION_FACTOR, "larger than 0"),
        ((0, 1), &[], INVALID_PARTITIONS, "non-positive"),
        ((0, 0), &[ratio, bytes], INVALID_CONFIG, "retention.bytes"),
        ((1, 1), &[bytes, ratio], INVALID_CONFIG, "retention.bytes"),
        ((1, 1), &[bytes, strange], INVALID_CONFIG, "name: no.such"),
        (
            (1, 1),
            &[strange, null, strange_null],
            INVALID_CONFIG,
            "configs: flush.ms,no.more",
        ),
    ] {
        let (refused, message) = kafka.refused(numbers, configs).await;
        assert_eq!(refused, code, "{numbers:?} {configs:?}: {message}");
        assert!(message.contains(says), "{configs:?}: {message}");
    }
}

#[tokio::test]
async fn values_are_shown_as_they_were_understood() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    for (name, given, shown) in [
        ("max.message.bytes", " 700 ", "700"),
        ("min.cleanable.dirty.ratio", "1e-1", "0.1"),
        ("min.cleanable.dirty.ratio", "1", "1.0"),
        ("preallocate", "TRUE", "true"),
    ] {
        let change = [(name, SET, Some(given))];
        kafka.alter_one(TOPIC, &topic, &change).await;
        let told = kafka.until(TOPIC, &topic, name, shown).await;
        assert_eq!(told.synonyms[0].value.as_deref(), Some(shown));
    }
    let described = kafka.described(TOPIC, &topic, &["preallocate"]).await;
    let message = described.error_message.as_deref();
    assert_eq!((described.error_code, message), (0, Some("")));
}

#[tokio::test]
async fn an_operation_that_there_is_not_fails_all_changes_of_a_request() {
    let mut kafka = Kafka::start().await;
    let (one, other) = (
        kafka.topic("one", 1, &[]).await,
        kafka.topic("other", 1, &[]).await,
    );
    let five = ("retention.ms", SET, Some("5"));
    let strange = ("flush.ms", 9, Some("1"));
    let null = ("flush.ms", SET, None);
    let request = vec![
        resource(TOPIC, &one, &[five]),
        resource(TOPIC, &other, &[strange]),
    ];
    let outcomes = kafka.alter(request, false).await;
    let failed = (UNKNOWN_SERVER_ERROR, String::new());
    assert_eq!(outcomes, [failed.clone(), failed]);
    let kept = kafka.described(TOPIC, &one, &["retention.ms"]).await;
    assert_eq!(kept.configs[0].value.as_deref(), Some("604800000"));
    // What the broker itself refuses never gets so far.
    let changes = [strange, null, five];
    let refused = kafka
        .alter(vec![resource(TOPIC, &one, &changes)], false)
        .await;
    assert_eq!(refused[0].0, INVALID_REQUEST, "{}", refused[0].1);
}

#[tokio::test]
async fn what_may_be_done_with_a_topic_of_an_unknown_id_is_not_told() {
    let mut kafka = Kafka::start().await;
    let name = kafka.name("never");
    for (topic, code, operations) in [
        (
            MetadataRequestTopic::default()
                .with_name(None)
                .with_topic_id(Uuid::max()),
            UNKNOWN_TOPIC_ID,
            i32::MIN,
        ),
        (
            MetadataRequestTopic::default().with_name(Some(topic_name(&name))),
            UNKNOWN_TOPIC_OR_PARTITION,
            3576,
        ),
    ] {
        let request = MetadataRequest::default()
            .with_topics(Some(vec![topic]))
            .with_allow_auto_topic_creation(false)
            .with_include_topic_authorized_operations(true);
        let answer: MetadataResponse = kafka.client.call(ApiKey::Metadata, 12, &request).await;
        let told = &answer.topics[0];
        assert_eq!(
            (told.error_code, told.topic_authorized_operations),
            (code, operations)
        );
    }
}
