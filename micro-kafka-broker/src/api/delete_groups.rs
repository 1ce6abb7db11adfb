//! DeleteGroups (key 42): deletes groups without members, with their offsets.
//!
//! Versions 0–2. 2 is flexible.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::group::{Event, Reply};

api! {
    key 42, versions 0..=2, flexible 2;

    request DeleteGroupsRequest {
        groups_names: Vec<String>,
    }

    response DeleteGroupsResponse {
        throttle_time_ms: i32,
        results: Vec<DeletableGroupResult>,
    }

    struct DeletableGroupResult {
        group_id: String,
        error_code: ErrorCode,
    }
}

impl Handler for DeleteGroupsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DeleteGroupsResponse> {
        let mut results: Vec<DeletableGroupResult> = Vec::with_capacity(self.groups_names.len());
        for group_id in self.groups_names {
            // A group that is named twice is deleted and answered once.
            if results.iter().any(|result| result.group_id == group_id) {
                continue;
            }
            results.push(DeletableGroupResult {
                error_code: delete(context, &group_id).await,
                group_id,
            });
        }
        DeleteGroupsResponse {
            results,
            ..DeleteGroupsResponse::default()
        }
        .into()
    }
}

async fn delete(context: &RequestContext, group_id: &str) -> ErrorCode {
    match context.groups().call(group_id, Event::Delete).await {
        Ok(Reply::Delete(outcome)) => ErrorCode::of(outcome),
        other => ErrorCode::of_unanswered(&other),
    }
}
