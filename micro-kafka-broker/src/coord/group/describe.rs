//! A group as operators see it.

use bytes::Bytes;

use super::{Group, GroupState};

/// A group's state and members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupDescription {
    /// The state.
    pub(crate) state: GroupState,
    /// What the group is for; empty for one that only keeps offsets.
    pub(crate) protocol_type: String,
    /// The assignor, while stable.
    pub(crate) protocol_name: String,
    /// The members.
    pub(crate) members: Vec<MemberDescription>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberDescription {
    /// The member's id.
    pub(crate) member_id: String,
    /// The static member's name.
    pub(crate) instance_id: Option<String>,
    /// The client's name for itself.
    pub(crate) client_id: String,
    /// The client's address.
    pub(crate) client_host: String,
    /// What the member says to the assignor, while stable.
    pub(crate) metadata: Bytes,
    /// Its assignment.
    pub(crate) assignment: Bytes,
}

impl Group {
    /// The state.
    pub(crate) fn state(&self) -> GroupState {
        self.state
    }

    /// What the group is for; empty for one that only keeps offsets.
    pub(crate) fn protocol_type(&self) -> &str {
        self.protocol_type.as_deref().unwrap_or_default()
    }

    /// The group with its members.
    pub(crate) fn describe(&self) -> GroupDescription {
        let stable = self.state == GroupState::Stable;
        let protocol = self
            .protocol_name
            .as_deref()
            .filter(|_| stable)
            .unwrap_or_default();
        let members = self
            .members
            .iter()
            .map(|(member_id, member)| MemberDescription {
                member_id: member_id.clone(),
                instance_id: member.instance_id.clone(),
                client_id: member.client_id.clone(),
                client_host: member.client_host.clone(),
                metadata: member.metadata(protocol),
                assignment: member.assignment.clone(),
            });
        GroupDescription {
            state: self.state,
            protocol_type: self.protocol_type().to_owned(),
            protocol_name: protocol.to_owned(),
            members: members.collect(),
        }
    }
}
