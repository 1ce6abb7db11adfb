//! DescribeConfigs (key 32): settings of topics and brokers.
//!
//! Versions 1–4. 1 adds synonyms, 3 types and documentation, 4 is flexible.

use crate::api::ErrorCode;

api! {
    key 32, versions 1..=4, flexible 4;

    request DescribeConfigsRequest {
        resources: Vec<DescribeConfigsResource>,
        include_synonyms: bool,
        include_documentation: bool [3..],
    }

    response DescribeConfigsResponse {
        throttle_time_ms: i32,
        results: Vec<DescribeConfigsResult>,
    }

    struct DescribeConfigsResource {
        resource_type: i8,
        resource_name: String,
        configuration_keys: Option<Vec<String>>,
    }

    struct DescribeConfigsResult {
        error_code: ErrorCode,
        error_message: Option<String>,
        resource_type: i8,
        resource_name: String,
        configs: Vec<DescribeConfigsResourceResult>,
    }

    struct DescribeConfigsResourceResult {
        name: String,
        value: Option<String>,
        read_only: bool,
        config_source: i8 = -1,
        is_sensitive: bool,
        synonyms: Vec<DescribeConfigsSynonym>,
        config_type: i8 [3..],
        documentation: Option<String> [3..],
    }

    struct DescribeConfigsSynonym {
        name: String,
        value: Option<String>,
        source: i8,
    }
}
