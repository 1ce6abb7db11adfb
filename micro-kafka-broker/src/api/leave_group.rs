//! LeaveGroup (key 13): takes members out of a group.
//!
//! Versions 0–5. 3 takes several members, static ones too, 4 is flexible, 5 adds a reason.

use crate::api::ErrorCode;

api! {
    key 13, versions 0..=5, flexible 4;

    request LeaveGroupRequest {
        group_id: String,
        member_id: String [..=2],
        members: Vec<MemberIdentity> [3..],
    }

    response LeaveGroupResponse {
        throttle_time_ms: i32 [1..],
        error_code: ErrorCode,
        members: Vec<MemberResponse> [3..],
    }

    struct MemberIdentity {
        member_id: String,
        group_instance_id: Option<String>,
        reason: Option<String> [5..],
    }

    struct MemberResponse {
        member_id: String,
        group_instance_id: Option<String>,
        error_code: ErrorCode,
    }
}
