//! SyncGroup (key 14): hands the leader's assignment to the members.
//!
//! Versions 0–5. 3 adds static members, 4 is flexible, 5 the protocol.

use bytes::Bytes;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::group::{Caller, Event, GroupError, Reply, Sync};

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

impl Handler for SyncGroupRequest {
    async fn handle(self, context: &RequestContext) -> Answer<SyncGroupResponse> {
        let refused = |error_code| SyncGroupResponse {
            error_code,
            ..SyncGroupResponse::default()
        };
        if self.group_id.is_empty() {
            return refused(GroupError::InvalidGroupId.into()).into();
        }
        // The request's frame must not live as long as the assignments.
        let own = |asked: SyncGroupRequestAssignment| {
            (asked.member_id, Bytes::copy_from_slice(&asked.assignment))
        };
        let sync = Sync {
            caller: Caller {
                generation: self.generation_id,
                member_id: self.member_id,
                instance_id: self.group_instance_id,
            },
            protocol_type: self.protocol_type,
            protocol_name: self.protocol_name,
            assignments: self.assignments.into_iter().map(own).collect(),
        };
        let groups = context.groups();
        match groups
            .call(&self.group_id, |token| Event::Sync(token, sync))
            .await
        {
            Ok(Reply::Sync(Ok(reply))) => SyncGroupResponse {
                protocol_type: reply.protocol_type,
                protocol_name: reply.protocol_name,
                assignment: reply.assignment,
                ..SyncGroupResponse::default()
            },
            Ok(Reply::Sync(Err(error))) => refused(error.into()),
            other => refused(ErrorCode::of_unanswered(&other)),
        }
        .into()
    }
}
