//! FindCoordinator (key 10): which broker coordinates a group or a transactional id.
//!
//! Versions 0–6. 1 adds the type of key, 3 is flexible, 4 asks for several keys.

use crate::api::ErrorCode;

api! {
    key 10, versions 0..=6, flexible 3;

    request FindCoordinatorRequest {
        key: String [..=3],
        key_type: i8 [1..],
        coordinator_keys: Vec<String> [4..],
    }

    response FindCoordinatorResponse {
        throttle_time_ms: i32 [1..],
        error_code: ErrorCode [..=3],
        error_message: Option<String> [1..=3],
        node_id: i32 [..=3],
        host: String [..=3],
        port: i32 [..=3],
        coordinators: Vec<Coordinator> [4..],
    }

    struct Coordinator {
        key: String,
        node_id: i32,
        host: String,
        port: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
    }
}
