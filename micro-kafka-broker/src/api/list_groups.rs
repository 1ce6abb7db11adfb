//! ListGroups (key 16): all groups that this broker coordinates.
//!
//! Versions 0–5. 3 is flexible, 4 filters by state, 5 by type.

use crate::api::ErrorCode;

api! {
    key 16, versions 0..=5, flexible 3;

    request ListGroupsRequest {
        states_filter: Vec<String> [4..],
        types_filter: Vec<String> [5..],
    }

    response ListGroupsResponse {
        throttle_time_ms: i32 [1..],
        error_code: ErrorCode,
        groups: Vec<ListedGroup>,
    }

    struct ListedGroup {
        group_id: String,
        protocol_type: String,
        group_state: String [4..],
        group_type: String [5..],
    }
}
