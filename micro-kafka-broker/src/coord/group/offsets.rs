//! A group's committed offsets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::stored::OffsetView;
use super::{Caller, Change, Effect, Group, GroupError, GroupState};
use crate::coord::transaction::Producer;
use crate::meta::{StateTopic, TopicId};

/// The internal topic whose partitions the groups' offsets belong to.
pub(crate) const OFFSETS_TOPIC: &str = StateTopic::Offsets.name();

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
    /// When it was committed, in milliseconds since 1970.
    pub(crate) committed_at: i64,
    /// When it is forgotten, if the client has said so.
    pub(crate) expires_at: Option<i64>,
    /// The topic's id, or zeros.
    pub(crate) topic_id: TopicId,
}

impl Default for CommittedOffset {
    /// What is told where nothing was committed.
    fn default() -> Self {
        Self {
            offset: -1,
            leader_epoch: -1,
            metadata: String::new(),
            committed_at: -1,
            expires_at: None,
            topic_id: TopicId::ZERO,
        }
    }
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
        self.check_commit(caller)?;
        if matches!(
            self.state,
            GroupState::Stable | GroupState::PreparingRebalance
        ) {
            // A commit keeps the session as a heartbeat does.
            self.touch(now, &caller.member_id);
        }
        Ok(self.store(partitions, |group, key, committed| {
            group.offsets.commit(key.clone(), committed.clone());
            Change::Committed(key, committed)
        }))
    }

    /// Keeps offsets until the producer's transaction ends.
    pub(super) fn commit_in_transaction(
        &mut self,
        caller: &Caller,
        producer: Producer,
        partitions: Vec<CommitPartition>,
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        self.check_transactional_commit(caller)?;
        Ok(self.store(partitions, |group, key, committed| {
            group
                .offsets
                .hold(producer.id, key.clone(), committed.clone());
            Change::Held(producer, key, committed)
        }))
    }

    /// Ends a producer's transaction.
    pub(super) fn end_transaction(&mut self, producer_id: i64, committed: bool) {
        self.offsets.end(producer_id, committed);
    }

    /// The first offset that is stored makes the group exist.
    fn store(
        &mut self,
        partitions: Vec<CommitPartition>,
        store: impl Fn(&mut Self, PartitionKey, CommittedOffset) -> Change,
    ) -> Vec<Result<(), GroupError>> {
        let limit = self.limits.offset_metadata_max;
        let mut outcomes = Vec::with_capacity(partitions.len());
        for CommitPartition { key, committed } in partitions {
            if is_longer(&committed.metadata, limit) {
                outcomes.push(Err(GroupError::OffsetMetadataTooLarge));
                continue;
            }
            let change = store(self, key, committed);
            self.effects.push(Effect::Append(change));
            self.exists = true;
            outcomes.push(Ok(()));
        }
        outcomes
    }

    /// Clients of old versions do not say who they are: the transaction's producer counts.
    fn check_transactional_commit(&self, caller: &Caller) -> Result<(), GroupError> {
        let named = !caller.member_id.is_empty() || caller.instance_id.is_some();
        if caller.generation < 0 && (self.state == GroupState::Empty || !named) {
            return Ok(());
        }
        if self.is_forgotten() {
            return Err(GroupError::IllegalGeneration);
        }
        self.check_member(caller)?;
        match caller.generation == self.generation {
            true => Ok(()),
            false => Err(GroupError::IllegalGeneration),
        }
    }

    fn check_commit(&self, caller: &Caller) -> Result<(), GroupError> {
        // Consumers that assign partitions themselves use the group only to keep offsets.
        if caller.generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        if self.is_forgotten() {
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
    pub(super) fn forget_topic(&mut self, topic: &str) {
        for key in self.offsets.of_topic(topic) {
            self.forget_offset(key);
        }
    }

    pub(super) fn forget_offset(&mut self, key: PartitionKey) {
        self.offsets.forget(&key);
        self.effects.push(Effect::Append(Change::Forgotten(key)));
    }
}

/// Kafka counts the UTF-16 units of a text.
fn is_longer(text: &str, limit: usize) -> bool {
    text.len() > limit && text.encode_utf16().count() > limit
}
