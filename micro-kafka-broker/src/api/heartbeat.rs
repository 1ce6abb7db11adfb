//! Heartbeat (key 12): keeps a member in its group.
//!
//! Versions 0–4. 3 adds static members, 4 is flexible.

use crate::api::ErrorCode;

api! {
    key 12, versions 0..=4, flexible 4;

    request HeartbeatRequest {
        group_id: String,
        generation_id: i32,
        member_id: String,
        group_instance_id: Option<String> [3..],
    }

    response HeartbeatResponse {
        throttle_time_ms: i32 [1..],
        error_code: ErrorCode,
    }
}
