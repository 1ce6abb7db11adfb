//! DescribeGroups (key 15): members and state of groups.
//!
//! Versions 0–6. 4 adds static members, 5 is flexible, 6 tells of unknown groups by an error.

use bytes::Bytes;

use crate::api::{Answer, ErrorCode, Handler, Operations, RequestContext};
use crate::coord::group::{GroupDescription, MemberDescription};

api! {
    key 15, versions 0..=6, flexible 5;

    request DescribeGroupsRequest {
        groups: Vec<String>,
        include_authorized_operations: bool [3..],
    }

    response DescribeGroupsResponse {
        throttle_time_ms: i32 [1..],
        groups: Vec<DescribedGroup>,
    }

    struct DescribedGroup {
        error_code: ErrorCode,
        error_message: Option<String> [6..],
        group_id: String,
        group_state: String,
        protocol_type: String,
        protocol_data: String,
        members: Vec<DescribedGroupMember>,
        authorized_operations: i32 [3..] = i32::MIN,
    }

    struct DescribedGroupMember {
        member_id: String,
        group_instance_id: Option<String> [4..],
        client_id: String,
        client_host: String,
        member_metadata: Bytes,
        member_assignment: Bytes,
    }
}

/// From this version on a group that is not there is an error.
const NOT_FOUND_FROM: i16 = 6;

impl Handler for DescribeGroupsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeGroupsResponse> {
        let operations = Operations::GROUP
            .if_asked(self.include_authorized_operations)
            .bits();
        let groups = self.groups.into_iter().map(|group_id| {
            let group = describe(context, group_id);
            match group.error_code.is_none() {
                true => DescribedGroup {
                    authorized_operations: operations,
                    ..group
                },
                false => group,
            }
        });
        let groups = groups.collect();
        DescribeGroupsResponse {
            groups,
            ..DescribeGroupsResponse::default()
        }
        .into()
    }
}

fn describe(context: &RequestContext, group_id: String) -> DescribedGroup {
    let missing = DescribedGroup {
        group_state: "Dead".to_owned(),
        ..DescribedGroup::default()
    };
    if let Err(loading) = context.groups().check_loaded(Some(&group_id)) {
        return DescribedGroup {
            error_code: loading.into(),
            group_id,
            ..missing
        };
    }
    match context.groups().describe(&group_id) {
        Some(group) => DescribedGroup {
            group_id,
            ..DescribedGroup::from(group)
        },
        None if context.version < NOT_FOUND_FROM => DescribedGroup {
            group_id,
            ..missing
        },
        None => DescribedGroup {
            error_code: ErrorCode::GROUP_ID_NOT_FOUND,
            error_message: Some(format!("Group {group_id} not found.")),
            group_id,
            ..missing
        },
    }
}

impl From<GroupDescription> for DescribedGroup {
    fn from(group: GroupDescription) -> Self {
        Self {
            group_state: group.state.name().to_owned(),
            protocol_type: group.protocol_type,
            protocol_data: group.protocol_name,
            members: group
                .members
                .into_iter()
                .map(DescribedGroupMember::from)
                .collect(),
            ..Self::default()
        }
    }
}

impl From<MemberDescription> for DescribedGroupMember {
    fn from(member: MemberDescription) -> Self {
        Self {
            member_id: member.member_id,
            group_instance_id: member.instance_id,
            client_id: member.client_id,
            client_host: member.client_host,
            member_metadata: member.metadata,
            member_assignment: member.assignment,
        }
    }
}
