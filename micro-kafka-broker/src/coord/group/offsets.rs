//! A group's committed offsets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::stored::{OffsetView, StoredOffsets};
use super::{Caller, Group, GroupError, GroupState};

/// The internal topic whose partitions the groups' offsets belong to.
pub(crate) const OFFSETS_TOPIC: &str = "__consumer_offsets";

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
        let store = |offsets: &mut StoredOffsets, key, committed| offsets.commit(key, committed);
        Ok(self.store(now, partitions, store))
    }

    /// Keeps offsets until the producer's transaction ends.
    pub(super) fn commit_in_transaction(
        &mut self,
        now: Instant,
        caller: &Caller,
        producer_id: i64,
        partitions: Vec<CommitPartition>,
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        self.check_transactional_commit(now, caller)?;
        let store = |offsets: &mut StoredOffsets, key, committed| {
            offsets.hold(producer_id, key, committed);
        };
        Ok(self.store(now, partitions, store))
    }

    /// Ends a producer's transaction.
    pub(super) fn end_transaction(&mut self, now: Instant, producer_id: i64, committed: bool) {
        self.offsets.end(producer_id, committed);
        if self.state == GroupState::Empty {
            self.emptied = now;
        }
    }

    fn store(
        &mut self,
        now: Instant,
        partitions: Vec<CommitPartition>,
        store: impl Fn(&mut StoredOffsets, PartitionKey, CommittedOffset),
    ) -> Vec<Result<(), GroupError>> {
        let limit = self.limits.offset_metadata_max;
        let outcomes = partitions
            .into_iter()
            .map(|CommitPartition { key, committed }| {
                if committed.metadata.len() > limit {
                    return Err(GroupError::OffsetMetadataTooLarge);
                }
                store(&mut self.offsets, key, committed);
                Ok(())
            });
        let outcomes = outcomes.collect();
        if self.state == GroupState::Empty {
            self.emptied = now;
        }
        outcomes
    }

    /// Clients of old versions do not say who they are: the transaction's producer counts.
    fn check_transactional_commit(&self, now: Instant, caller: &Caller) -> Result<(), GroupError> {
        let named = !caller.member_id.is_empty() || caller.instance_id.is_some();
        if caller.generation < 0 && (self.state == GroupState::Empty || !named) {
            return Ok(());
        }
        if self.is_forgotten(now) {
            return Err(GroupError::IllegalGeneration);
        }
        self.check_member(caller)?;
        match caller.generation == self.generation {
            true => Ok(()),
            false => Err(GroupError::IllegalGeneration),
        }
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

    /// The offset of a partition.
    pub(crate) fn offset(&self, key: &PartitionKey) -> OffsetView {
        self.offsets.view(key)
    }

    /// All partitions with a committed offset.
    pub(crate) fn offsets(&self) -> BTreeMap<PartitionKey, OffsetView> {
        self.offsets.views()
    }

    /// Forgets the offsets of a deleted topic.
    pub(crate) fn forget_topic(&mut self, topic: &str) {
        self.offsets.forget_topic(topic);
    }
}

/// The partition of [`OFFSETS_TOPIC`] that a group's offsets belong to, of `count`.
pub(crate) fn offsets_partition(group_id: &str, count: i32) -> i32 {
    // Java's hash of a string, over its UTF-16 units.
    let hash = group_id.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    hash.checked_abs().unwrap_or(0) % count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_their_partition_by_javas_hash() {
        // "polygenelubricants".hashCode() is Integer.MIN_VALUE.
        assert_eq!(offsets_partition("polygenelubricants", 50), 0);
        assert_eq!(offsets_partition("hello", 50), 99_162_322 % 50);
    }
}
