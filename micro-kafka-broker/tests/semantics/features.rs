//! Features and their levels.

use kafka_protocol::messages::update_features_request::FeatureUpdateKey;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, UpdateFeaturesRequest, UpdateFeaturesResponse,
};

use crate::kafka::{Kafka, text};

const INVALID_UPDATE_VERSION: i16 = 95;

async fn update(
    kafka: &mut Kafka,
    version: i16,
    (feature, level, kind): (&str, i16, i8),
) -> UpdateFeaturesResponse {
    let update = FeatureUpdateKey::default()
        .with_feature(text(feature))
        .with_max_version_level(level)
        .with_upgrade_type(kind);
    let request = UpdateFeaturesRequest::default()
        .with_timeout_ms(5000)
        .with_feature_updates(vec![update])
        .with_validate_only(true);
    kafka
        .client
        .call(ApiKey::UpdateFeatures, version, &request)
        .await
}

#[tokio::test]
async fn features_are_told_with_their_levels() {
    let mut kafka = Kafka::start().await;
    let asked = ApiVersionsRequest::default()
        .with_client_software_name(text("test"))
        .with_client_software_version(text("1"));
    let versions: ApiVersionsResponse = kafka.client.call(ApiKey::ApiVersions, 4, &asked).await;
    let features = versions.finalized_features.iter();
    let levels: Vec<_> = features
        .map(|f| (f.name.to_string(), f.max_version_level))
        .collect();
    for (name, level) in [("transaction.version", 2), ("metadata.version", 30)] {
        assert!(levels.contains(&(name.to_owned(), level)), "{levels:?}");
    }
}

#[tokio::test]
async fn features_are_lowered_only_when_told_so() {
    let mut kafka = Kafka::start().await;
    let transactions = "transaction.version";
    for good in [
        (transactions, 2, 1),
        (transactions, 1, 2),
        (transactions, 0, 3),
    ] {
        for version in 1..=2 {
            let answer = update(&mut kafka, version, good).await;
            assert_eq!(answer.error_code, 0, "{good:?}: {:?}", answer.error_message);
            assert_eq!(answer.results.len(), usize::from(version == 1));
        }
    }
    let down = "Can't downgrade the version of this feature without";
    let metadata = "Unsupported metadata.version downgrade from 30 to 29.";
    for (wrong, says) in [
        ((transactions, 1, 1), down),
        ((transactions, 3, 1), "only supports versions 0-2"),
        (
            (transactions, -1, 2),
            "A feature version cannot be less than 0.",
        ),
        (
            (transactions, 2, 9),
            "does not support the given upgrade type.",
        ),
        (("metadata.version", 29, 2), metadata),
        (("no.such.version", 1, 1), "does not support this feature."),
    ] {
        for version in 1..=2 {
            let answer = update(&mut kafka, version, wrong).await;
            let message = answer.error_message.unwrap_or_default();
            assert_eq!(answer.error_code, INVALID_UPDATE_VERSION, "{message}");
            assert!(message.contains(says), "{message}");
            assert!(answer.results.is_empty());
        }
    }
}
