//! DeleteTopics (key 20).
//!
//! Versions 1–6. 4 is flexible, 5 adds messages, 6 takes names or ids.

use crate::api::ErrorCode;
use crate::wire::Uuid;

api! {
    key 20, versions 1..=6, flexible 4;

    request DeleteTopicsRequest {
        topics: Vec<DeleteTopicState> [6..],
        topic_names: Vec<String> [..=5],
        timeout_ms: i32,
    }

    response DeleteTopicsResponse {
        throttle_time_ms: i32,
        responses: Vec<DeletableTopicResult>,
    }

    struct DeleteTopicState {
        name: Option<String>,
        topic_id: Uuid,
    }

    struct DeletableTopicResult {
        name: Option<String> [0.., nullable 6..],
        topic_id: Uuid [6..],
        error_code: ErrorCode,
        error_message: Option<String> [5..],
    }
}
