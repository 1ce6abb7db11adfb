//! JoinGroup (key 11): enters a group and its next generation.
//!
//! Versions 0–9. 1 adds the rebalance timeout, 4 demands a member id, 5 adds static members, 6 is
//! flexible, 9 can skip the assignment.

use std::time::Duration;

use bytes::Bytes;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::group::{Event, GroupError, Join, JoinReply, JoinedMember, Protocol, Reply};
use crate::wire::Uuid;

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

/// From this version on a new member has to join again with the id it is given.
const KNOWN_ID_FROM: i16 = 4;
/// From this version on a leader understands that it need not assign.
const SKIP_ASSIGNMENT_FROM: i16 = 9;

impl Handler for JoinGroupRequest {
    async fn handle(self, context: &RequestContext) -> Answer<JoinGroupResponse> {
        if self.group_id.is_empty() {
            return refused(GroupError::InvalidGroupId.into(), self.member_id).into();
        }
        let member_id = self.member_id.clone();
        let (group, join) = self.into_join(context);
        let groups = context.groups();
        match groups.call(&group, |token| Event::Join(token, join)).await {
            Ok(Reply::Join(reply)) => respond(reply, context.version).into(),
            other => refused(ErrorCode::of_unanswered(&other), member_id).into(),
        }
    }
}

impl JoinGroupRequest {
    fn into_join(self, context: &RequestContext) -> (String, Join) {
        let client_id = context.client_id.clone().unwrap_or_default();
        let prefix = self.group_instance_id.as_deref().unwrap_or(&client_id);
        let protocol = |asked: JoinGroupRequestProtocol| Protocol {
            name: asked.name,
            // The request's frame must not live as long as the membership.
            metadata: Bytes::copy_from_slice(&asked.metadata),
        };
        let rebalance_timeout_ms = match context.version {
            0 => self.session_timeout_ms,
            _ => self.rebalance_timeout_ms,
        };
        let join = Join {
            fresh_id: format!("{prefix}-{}", Uuid::random().hyphenated()),
            member_id: self.member_id,
            instance_id: self.group_instance_id,
            client_id,
            client_host: format!("/{}", context.peer.ip()),
            session_timeout: millis(self.session_timeout_ms),
            rebalance_timeout: millis(rebalance_timeout_ms),
            protocol_type: self.protocol_type,
            protocols: self.protocols.into_iter().map(protocol).collect(),
            require_known_id: context.version >= KNOWN_ID_FROM,
            can_skip_assignment: context.version >= SKIP_ASSIGNMENT_FROM,
        };
        (self.group_id, join)
    }
}

fn millis(count: i32) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0))
}

fn respond(reply: JoinReply, version: i16) -> JoinGroupResponse {
    let member = |member: JoinedMember| JoinGroupResponseMember {
        member_id: member.member_id,
        group_instance_id: member.instance_id,
        metadata: member.metadata,
    };
    JoinGroupResponse {
        error_code: reply.error.map_or(ErrorCode::NONE, ErrorCode::from),
        generation_id: reply.generation,
        protocol_type: reply.protocol_type,
        protocol_name: reply.protocol_name,
        leader: reply.leader,
        skip_assignment: version >= SKIP_ASSIGNMENT_FROM && reply.skip_assignment,
        member_id: reply.member_id,
        members: reply.members.into_iter().map(member).collect(),
        ..JoinGroupResponse::default()
    }
}

fn refused(error_code: ErrorCode, member_id: String) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code,
        member_id,
        ..JoinGroupResponse::default()
    }
}
