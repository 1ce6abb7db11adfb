//! ApiVersions (key 18): what this broker speaks.
//!
//! Versions 0–4. 3 is flexible and names the client's software. The response's header is always
//! of version 0, and an unknown version is answered in version 0 with error 35.

use crate::api::ErrorCode;

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
