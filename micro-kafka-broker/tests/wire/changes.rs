//! What is changed on a broker, and what it forbids, seen by its clients.

use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::update_features_request::FeatureUpdateKey;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    MetadataRequest, MetadataResponse, UpdateFeaturesRequest, UpdateFeaturesResponse,
};
use micro_kafka_broker::Broker;

use crate::admin::{text, topic_name};
use crate::client::Client;

const INVALID_REQUEST: i16 = 42;
const TOPIC_DELETION_DISABLED: i16 = 73;

/// The level of `transaction.version`, and how often features changed.
async fn transaction_version(client: &mut Client) -> (i16, i64) {
    let request = ApiVersionsRequest::default()
        .with_client_software_name(text("test"))
        .with_client_software_version(text("1"));
    let answer: ApiVersionsResponse = client.call(ApiKey::ApiVersions, 4, &request).await;
    let features = answer.finalized_features.iter();
    let mut levels = features.filter(|f| f.name == text("transaction.version"));
    let level = levels.next().map_or(0, |f| f.max_version_level);
    (level, answer.finalized_features_epoch)
}

#[tokio::test]
async fn clients_are_told_which_level_a_feature_has() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    assert_eq!(transaction_version(&mut client).await, (2, 0));
    for (level, kind, epoch) in [(1, 2, 1), (0, 3, 2), (2, 1, 3), (2, 1, 3)] {
        let update = FeatureUpdateKey::default()
            .with_feature(text("transaction.version"))
            .with_max_version_level(level)
            .with_upgrade_type(kind);
        let request = UpdateFeaturesRequest::default().with_feature_updates(vec![update]);
        let answer: UpdateFeaturesResponse = client.call(ApiKey::UpdateFeatures, 2, &request).await;
        assert_eq!(answer.error_code, 0, "{:?}", answer.error_message);
        assert_eq!(transaction_version(&mut client).await, (level, epoch));
    }
}

#[tokio::test]
async fn a_broker_may_forbid_to_delete_topics() {
    let builder = Broker::builder().topic("orders", 1);
    let builder = builder.config("delete.topic.enable", "false");
    let broker = builder.start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    for (version, code) in [
        (2, INVALID_REQUEST),
        (5, TOPIC_DELETION_DISABLED),
        (6, TOPIC_DELETION_DISABLED),
    ] {
        let request = match version {
            6 => {
                let named = DeleteTopicState::default().with_name(Some(topic_name("orders")));
                DeleteTopicsRequest::default().with_topics(vec![named])
            }
            _ => DeleteTopicsRequest::default().with_topic_names(vec![topic_name("orders")]),
        };
        let answer: DeleteTopicsResponse =
            client.call(ApiKey::DeleteTopics, version, &request).await;
        assert_eq!(answer.responses[0].error_code, code, "version {version}");
    }
}

#[tokio::test]
async fn topics_are_created_for_who_asks_if_both_sides_want_it() {
    for (broker_wants, client_wants, name, code) in [
        (true, true, "wanted", 0),
        (true, true, "a b", 17),
        (true, true, "__cluster_metadata", 3),
        (true, false, "not.by.client", 3),
        (false, true, "not.by.broker", 3),
    ] {
        let builder = Broker::builder()
            .auto_create(broker_wants)
            .default_partitions(3);
        let broker = builder.start().await.unwrap();
        let mut client = Client::connect(&broker.bootstrap_servers()).await;
        let asked = MetadataRequestTopic::default().with_name(Some(topic_name(name)));
        let request = MetadataRequest::default()
            .with_topics(Some(vec![asked]))
            .with_allow_auto_topic_creation(client_wants);
        let answer: MetadataResponse = client.call(ApiKey::Metadata, 12, &request).await;
        // A topic that was not there is in the next answer.
        let first = answer.topics[0].error_code;
        assert_eq!(first, if code == 0 { 3 } else { code }, "{name}");
        let answer: MetadataResponse = client.call(ApiKey::Metadata, 12, &request).await;
        let topic = &answer.topics[0];
        assert_eq!(topic.error_code, code, "{name}");
        assert_eq!(
            topic.partitions.len(),
            if code == 0 { 3 } else { 0 },
            "{name}"
        );
    }
}
