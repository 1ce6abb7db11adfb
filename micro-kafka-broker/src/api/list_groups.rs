//! ListGroups (key 16): all groups that this broker coordinates.
//!
//! Versions 0–5. 3 is flexible, 4 filters by state, 5 by type.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};

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

/// The only type of group so far.
const CLASSIC: &str = "classic";

impl Handler for ListGroupsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<ListGroupsResponse> {
        if let Err(loading) = context.groups().check_loaded(None) {
            return ListGroupsResponse {
                error_code: loading.into(),
                ..ListGroupsResponse::default()
            }
            .into();
        }
        let wanted = |filter: &[String], value: &str| {
            filter.is_empty() || filter.iter().any(|word| word.eq_ignore_ascii_case(value))
        };
        let groups = context.groups().list().into_iter();
        let groups = groups.filter(|(_, state, _)| {
            wanted(&self.states_filter, state) && wanted(&self.types_filter, CLASSIC)
        });
        let groups = groups.map(|(group_id, state, protocol_type)| ListedGroup {
            group_id,
            protocol_type,
            group_state: state.to_owned(),
            group_type: CLASSIC.to_owned(),
        });
        let groups = groups.collect();
        ListGroupsResponse {
            groups,
            ..ListGroupsResponse::default()
        }
        .into()
    }
}
