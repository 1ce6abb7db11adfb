//! ApiVersions (key 18): what this broker speaks.
//!
//! Versions 0–4. 3 is flexible and names the client's software. The response's header is always
//! of version 0, and an unknown version is answered in version 0 with error 35.
//!
//! Features follow with what they stand for: `transaction.version` and `metadata.version` so far.

use crate::api::produce::ProduceRequest;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::Features;
use crate::server::BrokerState;
use crate::wire::Request;

api! {
    key 18, versions 0..=4, flexible 3;

    request ApiVersionsRequest {
        client_software_name: String [3..],
        client_software_version: String [3..],
    }

    response ApiVersionsResponse {
        error_code: ErrorCode,
        api_keys: Vec<ApiVersion>,
        throttle_time_ms: i32 [1..],
        supported_features: Vec<SupportedFeatureKey> [3.., tag 0],
        finalized_features_epoch: i64 [3.., tag 1] = -1,
        finalized_features: Vec<FinalizedFeatureKey> [3.., tag 2],
        zk_migration_ready: bool [3.., tag 3],
    }

    struct ApiVersion {
        api_key: i16,
        min_version: i16,
        max_version: i16,
    }

    struct SupportedFeatureKey {
        name: String,
        min_version: i16,
        max_version: i16,
    }

    struct FinalizedFeatureKey {
        name: String,
        max_version_level: i16,
        min_version_level: i16,
    }
}

/// The oldest Produce version that is told to clients, though 0 to 2 are refused.
const PRODUCE_TOLD_FROM: i16 = 0;

impl Handler for ApiVersionsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<ApiVersionsResponse> {
        let named = context.version < 3
            || [&self.client_software_name, &self.client_software_version]
                .into_iter()
                .all(|name| is_software_name(name));
        if !named {
            return ApiVersionsResponse {
                error_code: ErrorCode::INVALID_REQUEST,
                ..ApiVersionsResponse::default()
            }
            .into();
        }
        let told = ApiVersionsResponse {
            api_keys: api_keys(&context.broker),
            ..ApiVersionsResponse::default()
        };
        if !context.broker.release().has_features() {
            return told.into();
        }
        let features = context.broker.features().now();
        ApiVersionsResponse {
            supported_features: supported_features(context.version),
            finalized_features_epoch: features.epoch,
            finalized_features: features.levels.into_iter().map(finalized).collect(),
            ..told
        }
        .into()
    }
}

/// The features that could be switched on. Clients before version 4 fail on a range from 0.
fn supported_features(version: i16) -> Vec<SupportedFeatureKey> {
    Features::supported()
        .iter()
        .filter(|feature| version >= 4 || feature.min > 0)
        .map(|feature| SupportedFeatureKey {
            name: feature.name.to_owned(),
            min_version: feature.min,
            max_version: feature.max,
        })
        .collect()
}

fn finalized((name, level): (&str, i16)) -> FinalizedFeatureKey {
    FinalizedFeatureKey {
        name: name.to_owned(),
        max_version_level: level,
        min_version_level: level,
    }
}

/// The answer to a version that is not served, to be written in version 0.
pub(crate) fn unsupported_version(broker: &BrokerState) -> ApiVersionsResponse {
    let told = broker.release().tells_versions_in_refusals();
    ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: match told {
            true => api_keys(broker),
            false => Vec::new(),
        },
        ..ApiVersionsResponse::default()
    }
}

fn api_keys(broker: &BrokerState) -> Vec<ApiVersion> {
    broker
        .apis()
        .iter()
        .map(|api| ApiVersion {
            api_key: api.key,
            min_version: if api.key == ProduceRequest::KEY {
                PRODUCE_TOLD_FROM
            } else {
                api.min
            },
            max_version: api.max,
        })
        .collect()
}

/// Letters, digits, dots and dashes, with a letter or digit at both ends.
fn is_software_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    let ends = [name.bytes().next(), name.bytes().next_back()];
    ends.iter()
        .all(|end| end.is_some_and(|b| b.is_ascii_alphanumeric()))
        && name.bytes().all(inner)
}
