//! Heartbeat (key 12): keeps a member in its group.
//!
//! Versions 0–4. 3 adds static members, 4 is flexible.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::Unavailable;
use crate::coord::group::{Caller, Event, GroupError, Reply};

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

impl Handler for HeartbeatRequest {
    async fn handle(self, context: &RequestContext) -> Answer<HeartbeatResponse> {
        let caller = Caller {
            generation: self.generation_id,
            member_id: self.member_id,
            instance_id: self.group_instance_id,
        };
        let group = self.group_id;
        let error_code = match group.is_empty() {
            true => GroupError::InvalidGroupId.into(),
            false => {
                let groups = context.groups();
                let reply = groups
                    .call(&group, |token| Event::Heartbeat(token, caller))
                    .await;
                match reply {
                    Ok(Reply::Heartbeat(outcome)) => ErrorCode::of(outcome),
                    // Its session has not begun yet.
                    Err(Unavailable::Loading) => ErrorCode::NONE,
                    other => ErrorCode::of_unanswered(&other),
                }
            }
        };
        HeartbeatResponse {
            error_code,
            ..HeartbeatResponse::default()
        }
        .into()
    }
}
