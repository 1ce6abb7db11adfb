//! Consumer groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, Bytes};

use crate::coord::group::{Event, GroupDescription, Leaving, MemberDescription, OFFSETS_TOPIC};
use crate::fault::{Action, ApiKey, ErrorCode, FaultHandle, Matcher, Pattern, Rule, TopicView};
use crate::server::Broker;

/// A consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupView {
    /// Its id.
    pub id: String,
    /// Its state, as in `Stable`.
    pub state: &'static str,
    /// The assignor chosen, while it is stable.
    pub protocol: String,
    /// Its members.
    pub members: Vec<MemberView>,
}

/// A member of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberView {
    /// Its id, given by the broker.
    pub member_id: String,
    /// A static member's name (`group.instance.id`).
    pub instance_id: Option<String>,
    /// The client's name for itself (`client.id`).
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// The partitions assigned to it.
    pub assignment: Vec<TopicView>,
}

/// An offset that a group has committed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommittedOffset {
    /// Of this topic.
    pub topic: String,
    /// Of this partition.
    pub partition: i32,
    /// The offset of the next record.
    pub offset: i64,
    /// What the client has added.
    pub metadata: String,
    /// Whether an open transaction may change it.
    pub unstable: bool,
}

/// A group has no such member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("group `{group}` has no member `{member}`; it has {known}")]
pub struct NoSuchMember {
    group: String,
    member: String,
    known: String,
}

/// Requests that go to a group's coordinator.
const OF_GROUPS: [ApiKey; 9] = [
    ApiKey::JoinGroup,
    ApiKey::SyncGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::TxnOffsetCommit,
    ApiKey::OffsetDelete,
    ApiKey::ConsumerGroupHeartbeat,
];
/// Requests that go to the coordinator of a transactional id.
const OF_TRANSACTIONS: [ApiKey; 4] = [
    ApiKey::InitProducerId,
    ApiKey::AddPartitionsToTxn,
    ApiKey::AddOffsetsToTxn,
    ApiKey::EndTxn,
];

impl Broker {
    /// A consumer group; `None` if there is none of that name, or the broker is down.
    #[must_use]
    pub fn group(&self, id: &str) -> Option<GroupView> {
        let description = self.state()?.groups().describe(id)?;
        Some(GroupView::new(id, description))
    }

    /// All consumer groups, by id.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupView> {
        let Some(state) = self.state() else {
            return Vec::new();
        };
        let listed = state.groups().list().into_iter();
        listed
            .filter_map(|(id, ..)| {
                let description = state.groups().describe(&id)?;
                Some(GroupView::new(&id, description))
            })
            .collect()
    }

    /// What a group has committed, by topic and partition.
    #[must_use]
    pub fn committed(&self, group: &str) -> Vec<CommittedOffset> {
        let Some(state) = self.state() else {
            return Vec::new();
        };
        let offsets = state.groups().all_offsets(group).into_iter();
        offsets
            .filter_map(|(key, view)| {
                let committed = view.committed?;
                Some(CommittedOffset {
                    topic: key.topic.to_string(),
                    partition: key.partition,
                    offset: committed.offset,
                    metadata: committed.metadata,
                    unstable: view.unstable,
                })
            })
            .collect()
    }

    /// Ends a member's session now, as if its heartbeats had failed to come: the group goes on
    /// without it, and the member is told at its next request. It is named by its member id, its
    /// `client.id`, or its `group.instance.id`.
    ///
    /// # Errors
    /// [`NoSuchMember`], which names those that there are.
    pub async fn expire_member(&self, group: &str, member: &str) -> Result<(), NoSuchMember> {
        let found = self.group(group);
        let members = found.map(|group| group.members).unwrap_or_default();
        let known: Vec<_> = members.iter().map(ToString::to_string).collect();
        let unknown = || NoSuchMember {
            group: group.to_owned(),
            member: member.to_owned(),
            known: match known.is_empty() {
                true => "none".to_owned(),
                false => known.join(", "),
            },
        };
        let mut members = members.into_iter();
        let meant = members.find(|known| known.is_called(member));
        let (meant, state) = meant.zip(self.state()).ok_or_else(unknown)?;
        let leaving = Leaving {
            member_id: meant.member_id,
            instance_id: meant.instance_id,
        };
        let leave = |token| Event::Leave(token, vec![leaving]);
        // It may have left by itself meanwhile, which is as good.
        let _ = state.groups().call(group, leave).await;
        Ok(())
    }

    /// Moves a group's coordinator: what it knows is read again from its topic, and whoever asks is
    /// told `NOT_COORDINATOR`, until somebody has looked for the coordinator. The handle tells how
    /// many were told so.
    pub fn move_group_coordinator(&self, group: &str) -> FaultHandle {
        let matcher = Matcher {
            apis: OF_GROUPS.to_vec(),
            group: Some(Pattern::exactly(group)),
            ..Matcher::default()
        };
        let found = self.faults().on(ApiKey::FindCoordinator);
        let moved = self.until_found(matcher, found.group(Pattern::exactly(group)));
        if let Some(state) = self.state() {
            let partition = state.groups().partition_of(group);
            // Of several brokers another one coordinates it now.
            if !state.catalog().move_leader(OFFSETS_TOPIC, partition) {
                state.groups().reload(group);
            }
        }
        moved
    }

    /// Moves the coordinator of a transactional id, as [`Broker::move_group_coordinator`] does that
    /// of a group.
    pub fn move_transaction_coordinator(&self, transactional_id: &str) -> FaultHandle {
        let matcher = Matcher {
            apis: OF_TRANSACTIONS.to_vec(),
            transactional_id: Some(Pattern::exactly(transactional_id)),
            ..Matcher::default()
        };
        let found = self.faults().on(ApiKey::FindCoordinator);
        let found = found.transactional_id(Pattern::exactly(transactional_id));
        let moved = self.until_found(matcher, found);
        if let Some(state) = self.state() {
            let (topic, partition) = state.transactions().place_of(transactional_id);
            if !state.catalog().move_leader(topic, partition) {
                state.transactions().reload(transactional_id);
            }
        }
        moved
    }

    /// Refuses requests to a coordinator until it was looked for.
    fn until_found(&self, matcher: Matcher, found: crate::fault::FaultBuilder) -> FaultHandle {
        let refusing = self.faults().add(Rule {
            matcher,
            action: Action::Answer(ErrorCode::NOT_COORDINATOR),
            ..Rule::default()
        });
        let (faults, own) = (self.faults().clone(), Arc::new(AtomicU64::new(0)));
        let (refused, this) = (refusing.id(), Arc::clone(&own));
        let found = found.once().hook(move |_| {
            faults.remove(refused);
            faults.remove(this.load(Ordering::Acquire));
            Action::Proceed
        });
        own.store(found.id(), Ordering::Release);
        refusing
    }
}

impl GroupView {
    fn new(id: &str, description: GroupDescription) -> Self {
        Self {
            id: id.to_owned(),
            state: description.state.name(),
            protocol: description.protocol_name,
            members: description
                .members
                .into_iter()
                .map(MemberView::from)
                .collect(),
        }
    }
}

impl MemberView {
    fn is_called(&self, name: &str) -> bool {
        self.member_id == name
            || self.client_id == name
            || self.instance_id.as_deref() == Some(name)
    }
}

impl std::fmt::Display for MemberView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (client {})", self.member_id, self.client_id)
    }
}

impl From<MemberDescription> for MemberView {
    fn from(member: MemberDescription) -> Self {
        Self {
            member_id: member.member_id,
            instance_id: member.instance_id,
            client_id: member.client_id,
            client_host: member.client_host,
            assignment: assigned(member.assignment).unwrap_or_default(),
        }
    }
}

/// Reads an assignment as consumers write it; `None` if it is another kind of group's.
fn assigned(mut bytes: Bytes) -> Option<Vec<TopicView>> {
    bytes.try_get_i16().ok()?;
    let topics = bytes.try_get_i32().ok()?;
    let mut assigned = Vec::new();
    for _ in 0..topics {
        let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
        if bytes.len() < length {
            return None;
        }
        let topic = String::from_utf8(bytes.split_to(length).to_vec()).ok()?;
        let count = bytes.try_get_i32().ok()?;
        let partitions = (0..count).map(|_| bytes.try_get_i32().ok());
        assigned.push(TopicView::new(topic, partitions.collect::<Option<_>>()?));
    }
    Some(assigned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BufMut;

    #[test]
    fn assignments_are_read_as_consumers_write_them() {
        let mut bytes = Vec::new();
        bytes.put_i16(0);
        bytes.put_i32(1);
        bytes.put_i16(6);
        bytes.put_slice(b"orders");
        bytes.put_i32(2);
        bytes.put_i32(0);
        bytes.put_i32(3);
        let whole = assigned(Bytes::from(bytes.clone())).unwrap();
        assert_eq!(whole, [TopicView::new("orders", vec![0, 3])]);
        for end in 0..bytes.len() {
            assert_eq!(assigned(Bytes::copy_from_slice(&bytes[..end])), None);
        }
    }
}
