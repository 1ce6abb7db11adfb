//! LeaveGroup (key 13): takes members out of a group.
//!
//! Versions 0–5. 3 takes several members, static ones too, 4 is flexible, 5 adds a reason.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::group::{Event, GroupError, LeaveReply, Leaving, Reply};

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

/// From this version on several members can leave at once.
const SEVERAL_FROM: i16 = 3;

impl Handler for LeaveGroupRequest {
    async fn handle(self, context: &RequestContext) -> Answer<LeaveGroupResponse> {
        let (group, leaving) = self.into_leaving(context.version);
        match leave(context, &group, leaving).await {
            Ok(replies) if context.version < SEVERAL_FROM => {
                let error = replies.into_iter().find_map(|reply| reply.error);
                let error_code = error.map_or(ErrorCode::NONE, ErrorCode::from);
                LeaveGroupResponse {
                    error_code,
                    ..LeaveGroupResponse::default()
                }
            }
            Ok(replies) => LeaveGroupResponse {
                members: replies.into_iter().map(MemberResponse::from).collect(),
                ..LeaveGroupResponse::default()
            },
            Err(error_code) => LeaveGroupResponse {
                error_code,
                ..LeaveGroupResponse::default()
            },
        }
        .into()
    }
}

impl LeaveGroupRequest {
    fn into_leaving(self, version: i16) -> (String, Vec<Leaving>) {
        let leaving = match version {
            SEVERAL_FROM.. => self.members.into_iter().map(Leaving::from).collect(),
            _ => vec![Leaving {
                member_id: self.member_id,
                instance_id: None,
            }],
        };
        (self.group_id, leaving)
    }
}

impl From<MemberIdentity> for Leaving {
    fn from(member: MemberIdentity) -> Self {
        Self {
            member_id: member.member_id,
            instance_id: member.group_instance_id,
        }
    }
}

impl From<LeaveReply> for MemberResponse {
    fn from(reply: LeaveReply) -> Self {
        Self {
            member_id: reply.member_id,
            group_instance_id: reply.instance_id,
            error_code: reply.error.map_or(ErrorCode::NONE, ErrorCode::from),
        }
    }
}

async fn leave(
    context: &RequestContext,
    group: &str,
    leaving: Vec<Leaving>,
) -> Result<Vec<LeaveReply>, ErrorCode> {
    if group.is_empty() {
        return Err(GroupError::InvalidGroupId.into());
    }
    let groups = context.groups();
    match groups
        .call(group, |token| Event::Leave(token, leaving))
        .await
    {
        Ok(Reply::Leave(outcome)) => outcome.map_err(ErrorCode::from),
        other => Err(ErrorCode::of_unanswered(&other)),
    }
}
