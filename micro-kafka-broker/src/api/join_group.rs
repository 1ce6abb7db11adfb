//! JoinGroup (key 11): enters a group and its next generation.
//!
//! Versions 0–9. 1 adds the rebalance timeout, 4 demands a member id, 5 adds static members, 6 is
//! flexible, 9 can skip the assignment.

use bytes::Bytes;

use crate::api::ErrorCode;

api! {
    key 11, versions 0..=9, flexible 6;

    request JoinGroupRequest {
        group_id: String,
        session_timeout_ms: i32,
        rebalance_timeout_ms: i32 [1..] = -1,
        member_id: String,
        group_instance_id: Option<String> [5..],
        protocol_type: String,
        protocols: Vec<JoinGroupRequestProtocol>,
        reason: Option<String> [8..],
    }

    response JoinGroupResponse {
        throttle_time_ms: i32 [2..],
        error_code: ErrorCode,
        generation_id: i32 = -1,
        protocol_type: Option<String> [7..],
        protocol_name: Option<String> [0.., nullable 7..],
        leader: String,
        skip_assignment: bool [9..],
        member_id: String,
        members: Vec<JoinGroupResponseMember>,
    }

    struct JoinGroupRequestProtocol {
        name: String,
        metadata: Bytes,
    }

    struct JoinGroupResponseMember {
        member_id: String,
        group_instance_id: Option<String> [5..],
        metadata: Bytes,
    }
}
