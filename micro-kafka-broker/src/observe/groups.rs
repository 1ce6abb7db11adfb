//! The groups, with their members and how far they are.

use serde::Serialize;

use crate::coord::group::{MemberDescription, OffsetView, PartitionKey};
use crate::server::BrokerState;

/// A group.
#[derive(Debug, Serialize)]
pub(crate) struct GroupView {
    group_id: String,
    state: &'static str,
    protocol_type: String,
    /// The assignor, while stable.
    protocol: String,
    members: Vec<MemberView>,
    offsets: Vec<CommittedView>,
}

/// A member.
#[derive(Debug, Serialize)]
struct MemberView {
    member_id: String,
    group_instance_id: Option<String>,
    client_id: String,
    client_host: String,
}

/// What a group committed for a partition.
#[derive(Debug, Serialize)]
struct CommittedView {
    topic: String,
    partition: i32,
    offset: i64,
    metadata: String,
    /// Records between it and the end; `None` where the partition is gone.
    lag: Option<i64>,
    /// Whether an open transaction may change it.
    unstable: bool,
}

/// All groups, by id.
pub(crate) fn groups(broker: &BrokerState) -> Vec<GroupView> {
    let mut ids: Vec<_> = broker.groups().list();
    ids.sort_unstable();
    let ids = ids.iter().map(|(id, ..)| id);
    ids.filter_map(|id| group(broker, id)).collect()
}

/// A group by its id.
pub(crate) fn group(broker: &BrokerState, id: &str) -> Option<GroupView> {
    let group = broker.groups().describe(id)?;
    let offsets = broker.groups().all_offsets(id);
    let committed = |(key, view)| committed(broker, &key, view);
    Some(GroupView {
        group_id: id.to_owned(),
        state: group.state.name(),
        protocol_type: group.protocol_type,
        protocol: group.protocol_name,
        members: group.members.into_iter().map(member).collect(),
        offsets: offsets.into_iter().filter_map(committed).collect(),
    })
}

fn member(member: MemberDescription) -> MemberView {
    MemberView {
        member_id: member.member_id,
        group_instance_id: member.instance_id,
        client_id: member.client_id,
        client_host: member.client_host,
    }
}

fn committed(broker: &BrokerState, key: &PartitionKey, view: OffsetView) -> Option<CommittedView> {
    let committed = view.committed?;
    let image = broker.catalog().image();
    let replica = image
        .topic(&key.topic)
        .and_then(|topic| broker.partitions().get(topic.id, key.partition));
    Some(CommittedView {
        topic: key.topic.to_string(),
        partition: key.partition,
        offset: committed.offset,
        metadata: committed.metadata,
        lag: replica.map(|replica| replica.glance().end_offset - committed.offset),
        unstable: view.unstable,
    })
}
