//! UpdateFeatures (key 57): raises and lowers what the cluster has agreed on.
//!
//! Versions 0–2, flexible from the start. 1 adds kinds of upgrade and validate-only, 2 has one
//! error for all.
//!
//! Deviations: of Kafka's features there are `transaction.version` and a fixed `metadata.version`.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{FeatureUpdate, Upgrade};

api! {
    key 57, versions 0..=2, flexible 0;

    request UpdateFeaturesRequest {
        timeout_ms: i32 = 60000,
        feature_updates: Vec<FeatureUpdateKey>,
        validate_only: bool [1..],
    }

    response UpdateFeaturesResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
        results: Vec<UpdatableFeatureResult> [..=1],
    }

    struct FeatureUpdateKey {
        feature: String,
        max_version_level: i16,
        allow_downgrade: bool [..=0],
        upgrade_type: i8 [1..] = UPGRADE,
    }

    struct UpdatableFeatureResult {
        feature: String,
        error_code: ErrorCode,
        error_message: Option<String>,
    }
}

/// The kinds of upgrade.
const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;

impl Handler for UpdateFeaturesRequest {
    async fn handle(self, context: &RequestContext) -> Answer<UpdateFeaturesResponse> {
        let updates: Vec<_> = self
            .feature_updates
            .iter()
            .map(|update| update.read(context.version))
            .collect();
        let features = context.broker.features();
        if let Err(error) = features.update(&updates, self.validate_only) {
            return UpdateFeaturesResponse {
                error_code: ErrorCode::INVALID_UPDATE_VERSION,
                error_message: Some(format!(
                    "The update failed for all features since the following feature had an error: {error}"
                )),
                ..UpdateFeaturesResponse::default()
            }
            .into();
        }
        let done = |update: FeatureUpdateKey| UpdatableFeatureResult {
            feature: update.feature,
            error_message: Some(ErrorCode::NONE.to_string()),
            ..UpdatableFeatureResult::default()
        };
        UpdateFeaturesResponse {
            results: self.feature_updates.into_iter().map(done).collect(),
            ..UpdateFeaturesResponse::default()
        }
        .into()
    }
}

impl FeatureUpdateKey {
    fn read(&self, version: i16) -> FeatureUpdate<'_> {
        let kind = match version {
            0 if self.allow_downgrade => SAFE_DOWNGRADE,
            0 => UPGRADE,
            _ => self.upgrade_type,
        };
        FeatureUpdate {
            feature: &self.feature,
            level: self.max_version_level,
            upgrade: match kind {
                UPGRADE => Some(Upgrade::Up),
                SAFE_DOWNGRADE | UNSAFE_DOWNGRADE => Some(Upgrade::Down),
                _ => None,
            },
        }
    }
}
