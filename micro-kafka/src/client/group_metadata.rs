//! A consumer's place in its group: what fences the offsets of a transaction (KIP-447).

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka::bindings as rdsys;

use super::handle::ClientHandle;
use super::partition_list::PartitionList;
use super::{Producer, TopicPartition, TransactionRefusal};

/// Member and generation at one moment, owned.
pub(crate) struct GroupMetadata(NonNull<rdsys::rd_kafka_consumer_group_metadata_t>);

// SAFETY: plain memory with one owner.
unsafe impl Send for GroupMetadata {}
// SAFETY: it never changes.
unsafe impl Sync for GroupMetadata {}

/// A position that goes into a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransactionOffset {
    pub(crate) partition: TopicPartition,
    /// The next offset to read.
    pub(crate) offset: i64,
    /// The leader that the record before it was read from; -1 is unknown.
    pub(crate) leader_epoch: i32,
    /// A note beside it, of at most `offset.metadata.max.bytes` of the broker.
    pub(crate) metadata: Option<Arc<str>>,
}

impl GroupMetadata {
    /// The consumer's now; `None` if it has no group.
    pub(super) fn of(client: &Arc<ClientHandle>) -> Option<Self> {
        // SAFETY: the client is alive; the answer is ours.
        NonNull::new(unsafe { rdsys::rd_kafka_consumer_group_metadata(client.raw()) }).map(Self)
    }

    /// A group without a member, which fences nothing.
    #[cfg(test)]
    pub(crate) fn of_group(group: &str) -> Option<Self> {
        let group = super::partition_list::c_name(group);
        // SAFETY: the name is zero-terminated and copied.
        NonNull::new(unsafe { rdsys::rd_kafka_consumer_group_metadata_new(group.as_ptr()) })
            .map(Self)
    }

    /// Whether a member is named. A broker takes offsets in the name of nobody without any fence.
    pub(super) fn names_member(&self) -> bool {
        // SAFETY: alive.
        unsafe { rdsys::rd_kafka_consumer_group_metadata_generation_id(self.0.as_ptr()) >= 0 }
    }
}

impl Drop for GroupMetadata {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { rdsys::rd_kafka_consumer_group_metadata_destroy(self.0.as_ptr()) };
    }
}

impl fmt::Debug for GroupMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupMetadata")
    }
}

impl Producer {
    /// Puts a group's offsets into the transaction; blocks, at most for the transaction's timeout.
    pub(crate) fn send_offsets(
        &self,
        offsets: &[TransactionOffset],
        group: &GroupMetadata,
    ) -> Result<(), TransactionRefusal> {
        let Some(mut list) = PartitionList::with_capacity(offsets.len()) else {
            return Err(TransactionRefusal::out_of_memory());
        };
        for position in offsets {
            let mut entry = list.push(&position.partition, position.offset);
            entry.set_leader_epoch(position.leader_epoch);
            if let Some(text) = &position.metadata {
                entry.set_metadata(text);
            }
        }
        self.send_offset_list(list.raw(), group.0.as_ptr())
    }
}
