//! SyncGroup (key 14): hands the leader's assignment to the members.
//!
//! Versions 0–5. 3 adds static members, 4 is flexible, 5 the protocol.

use bytes::Bytes;

use crate::api::ErrorCode;

api! {
    key 14, versions 0..=5, flexible 4;

    request SyncGroupRequest {
        group_id: String,
        generation_id: i32,
        member_id: String,
        group_instance_id: Option<String> [3..],
        protocol_type: Option<String> [5..],
        protocol_name: Option<String> [5..],
        assignments: Vec<SyncGroupRequestAssignment>,
    }

    response SyncGroupResponse {
        throttle_time_ms: i32 [1..],
        error_code: ErrorCode,
        protocol_type: Option<String> [5..],
        protocol_name: Option<String> [5..],
        assignment: Bytes,
    }

    struct SyncGroupRequestAssignment {
        member_id: String,
        assignment: Bytes,
    }
}
