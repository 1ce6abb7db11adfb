//! A group's committed offsets.

use std::sync::Arc;
use std::time::Instant;

use super::{Caller, Group, GroupError, GroupState};

/// A partition by the name of its topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PartitionKey {
    /// The topic's name.
    pub(crate) topic: Arc<str>,
    /// The partition's number.
    pub(crate) partition: i32,
}

/// An offset that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommittedOffset {
    /// The offset of the next record to read.
    pub(crate) offset: i64,
    /// The epoch of the leader of the record before it, or -1.
    pub(crate) leader_epoch: i32,
    /// The member's own text.
    pub(crate) metadata: String,
}

/// An offset to commit.
#[derive(Debug, Clone)]
pub(crate) struct CommitPartition {
    /// The partition.
    pub(crate) key: PartitionKey,
    /// What to commit.
    pub(crate) committed: CommittedOffset,
}

impl Group {
    pub(super) fn commit(
        &mut self,
        now: Instant,
        caller: &Caller,
        partitions: Vec<CommitPartition>,
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        self.check_commit(now, caller)?;
        if matches!(
            self.state,
            GroupState::Stable | GroupState::PreparingRebalance
        ) {
            // A commit keeps the session as a heartbeat does.
            self.touch(now, &caller.member_id);
        }
        let limit = self.limits.offset_metadata_max;
        let outcomes = partitions
            .into_iter()
            .map(|CommitPartition { key, committed }| {
                if committed.metadata.len() > limit {
                    return Err(GroupError::OffsetMetadataTooLarge);
                }
                self.offsets.insert(key, committed);
                Ok(())
            });
        let outcomes = outcomes.collect();
        if self.state == GroupState::Empty {
            self.emptied = now;
        }
        Ok(outcomes)
    }

    fn check_commit(&self, now: Instant, caller: &Caller) -> Result<(), GroupError> {
        // Consumers that assign partitions themselves use the group only to keep offsets.
        if caller.generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        if self.is_forgotten(now) {
            return Err(GroupError::UnknownGroup);
        }
        let named = !caller.member_id.is_empty() || caller.instance_id.is_some();
        if caller.generation < 0 && !named {
            return Err(GroupError::UnknownMember);
        }
        self.check_member(caller)?;
        if caller.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        match self.state {
            GroupState::CompletingRebalance => Err(GroupError::RebalanceInProgress),
            GroupState::Empty | GroupState::PreparingRebalance | GroupState::Stable => Ok(()),
        }
    }

    /// The offset committed for a partition.
    pub(crate) fn offset(&self, key: &PartitionKey) -> Option<&CommittedOffset> {
        self.offsets.get(key)
    }

    /// All committed offsets.
    pub(crate) fn offsets(&self) -> impl Iterator<Item = (&PartitionKey, &CommittedOffset)> {
        self.offsets.iter()
    }

    /// Forgets the offsets of a deleted topic.
    pub(crate) fn forget_topic(&mut self, topic: &str) {
        self.offsets.retain(|key, _| *key.topic != *topic);
    }
}
