//! What happens to a group, and what follows.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Change, CommitPartition, GroupError, PartitionKey};
use crate::coord::transaction::Producer;

/// Names a request, so that its answer finds the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Token(pub(crate) u64);

/// A request, or time passing.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A member joins, or joins again.
    Join(Token, Join),
    /// A member wants its assignment; the leader brings all of them.
    Sync(Token, Sync),
    /// A member is alive.
    Heartbeat(Token, Caller),
    /// Members leave.
    Leave(Token, Vec<Leaving>),
    /// Offsets are committed.
    Commit(Token, Caller, Vec<CommitPartition>),
    /// Offsets are committed as part of a producer's transaction.
    CommitInTransaction(Token, Caller, Producer, Vec<CommitPartition>),
    /// A producer's transaction was committed, or not.
    EndTransaction(i64, bool),
    /// An operator deletes the group.
    Delete(Token),
    /// An operator deletes offsets.
    DeleteOffsets(Token, Vec<PartitionKey>),
    /// A topic was deleted.
    TopicDeleted(Arc<str>),
    /// It is time to forget what has been kept for long enough.
    CleanUp,
    /// Time has passed.
    Tick,
}

/// What the shell has to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Write down, before any answer leaves.
    Append(Change),
    /// Answer a request.
    Reply(Token, Reply),
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// To [`Event::Join`].
    Join(JoinReply),
    /// To [`Event::Sync`].
    Sync(Result<SyncReply, GroupError>),
    /// To [`Event::Heartbeat`].
    Heartbeat(Result<(), GroupError>),
    /// To [`Event::Leave`]: one outcome for each member, in order.
    Leave(Result<Vec<LeaveReply>, GroupError>),
    /// To [`Event::Delete`].
    Delete(Result<(), GroupError>),
    /// To [`Event::Commit`], [`Event::CommitInTransaction`] and [`Event::DeleteOffsets`]: one
    /// outcome for each partition, in order.
    Commit(Result<Vec<Result<(), GroupError>>, GroupError>),
}

/// Who calls: a member of a generation, or with -1 and an empty id nobody in particular.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// The generation, or -1.
    pub(crate) generation: i32,
    /// The member's id.
    pub(crate) member_id: String,
    /// The static member's name.
    pub(crate) instance_id: Option<String>,
}

/// An assignor and what the member tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protocol {
    /// The assignor's name.
    pub(crate) name: String,
    /// The member's subscription, opaque to the broker.
    pub(crate) metadata: Bytes,
}

/// A request to join.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    /// The member's id; empty for a new member.
    pub(crate) member_id: String,
    /// The static member's name.
    pub(crate) instance_id: Option<String>,
    /// The id that a new member gets; never used before.
    pub(crate) fresh_id: String,
    /// The client's name for itself.
    pub(crate) client_id: String,
    /// The client's address.
    pub(crate) client_host: String,
    /// Time without a heartbeat after which the member is removed.
    pub(crate) session_timeout: Duration,
    /// Time that the member may take to join again.
    pub(crate) rebalance_timeout: Duration,
    /// What the group is for, such as `consumer`.
    pub(crate) protocol_type: String,
    /// The member's assignors, the preferred one first.
    pub(crate) protocols: Vec<Protocol>,
    /// Whether a new dynamic member must join again with the id it is given.
    pub(crate) require_known_id: bool,
    /// Whether a leader can be told to skip the assignment.
    pub(crate) can_skip_assignment: bool,
}

/// The answer to a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinReply {
    /// What is wrong, if anything; the rest says little then.
    pub(crate) error: Option<GroupError>,
    /// The member's id.
    pub(crate) member_id: String,
    /// The generation, or -1.
    pub(crate) generation: i32,
    /// What the group is for.
    pub(crate) protocol_type: Option<String>,
    /// The assignor chosen.
    pub(crate) protocol_name: Option<String>,
    /// The leader's member id.
    pub(crate) leader: String,
    /// Whether the leader keeps the assignment as it is.
    pub(crate) skip_assignment: bool,
    /// All members, for the leader only.
    pub(crate) members: Vec<JoinedMember>,
}

/// A member as the leader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinedMember {
    /// The member's id.
    pub(crate) member_id: String,
    /// The static member's name.
    pub(crate) instance_id: Option<String>,
    /// What it says to the assignor chosen.
    pub(crate) metadata: Bytes,
}

/// A request for the assignment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sync {
    /// The member.
    pub(crate) caller: Caller,
    /// What it takes the group to be for; unchecked if missing.
    pub(crate) protocol_type: Option<String>,
    /// The assignor it takes to be chosen; unchecked if missing.
    pub(crate) protocol_name: Option<String>,
    /// From the leader: the assignment of each member id.
    pub(crate) assignments: Vec<(String, Bytes)>,
}

/// A member's assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyncReply {
    /// What the group is for.
    pub(crate) protocol_type: Option<String>,
    /// The assignor chosen.
    pub(crate) protocol_name: Option<String>,
    /// The assignment, opaque to the broker.
    pub(crate) assignment: Bytes,
}

/// A member that leaves: by its id, by its instance id, or both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leaving {
    /// The member's id; empty to remove a static member by name.
    pub(crate) member_id: String,
    /// The static member's name.
    pub(crate) instance_id: Option<String>,
}

/// What became of a member that leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeaveReply {
    /// The member's id, as asked.
    pub(crate) member_id: String,
    /// The static member's name, as asked.
    pub(crate) instance_id: Option<String>,
    /// Why it did not leave, if so.
    pub(crate) error: Option<GroupError>,
}
