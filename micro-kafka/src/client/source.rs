//! What a consumer offers to its loop: one trait, so that scripted sources can stand in for Kafka.

use std::collections::VecDeque;
use std::ffi::CString;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::partition_list::c_name;
use super::{ClientError, GroupMetadata, Orphans};
use crate::record::Record;

/// A partition's number within one consumer; never given to another partition.
pub(crate) type Slot = u32;

/// A partition by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicPartition {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    pub(super) c_topic: CString,
}

impl TopicPartition {
    pub(crate) fn new(topic: &str, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition,
            c_topic: c_name(topic),
        }
    }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// What happened outside of the records.
#[derive(Debug)]
pub(crate) enum SourceEvent {
    /// These partitions are offered: answer with [`RecordSource::assign`], at once.
    Assign(Vec<Slot>),
    /// These are to be given up: answer with [`RecordSource::unassign`]. If `lost`, somebody else
    /// may have them already.
    Revoke { slots: Vec<Slot>, lost: bool },
    /// A commit was answered.
    Committed {
        id: u64,
        result: Result<(), CommitError>,
    },
    /// Something that librdkafka deals with by itself.
    Error {
        name: &'static str,
        text: String,
        /// The topic and partition that may not be read; -1 stands for all of them.
        denied: Option<(String, i32)>,
    },
    /// This consumer can never work again.
    Fatal(String),
}

/// A commit that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}{}", because(missing.as_deref()))]
pub(crate) struct CommitError {
    /// The code's name.
    pub(crate) name: &'static str,
    /// The broker knows this member no more, so that sending it again is of no use.
    pub(crate) fenced: bool,
    /// The right that the client has not got, and how it is granted.
    pub(crate) missing: Option<String>,
}

fn because(missing: Option<&str>) -> String {
    missing
        .map(|missing| format!(": {missing}"))
        .unwrap_or_default()
}

/// Where reading of a newly assigned partition begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) slot: Slot,
    /// The offset; `None` if it could not be found out in time and librdkafka goes on trying.
    pub(crate) offset: Option<i64>,
    /// Whether that offset has to be committed now: a fresh group at the end of a partition would
    /// otherwise skip what arrives before its first commit.
    pub(crate) commit: bool,
    /// What the group has noted beside the offset that it has committed.
    pub(crate) metadata: Option<String>,
}

/// A place in a partition that only the broker knows the offset of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    Beginning,
    End,
    /// The first record of this time or later, in milliseconds since the Unix epoch; the end if
    /// there is none.
    Timestamp(i64),
}

/// A position to commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitOffset {
    pub(crate) slot: Slot,
    /// The next offset to read.
    pub(crate) offset: i64,
    /// The leader that the record before it was read from; -1 is unknown.
    pub(crate) leader_epoch: i32,
    /// A note beside it, of at most `offset.metadata.max.bytes` of the broker.
    pub(crate) metadata: Option<Arc<str>>,
}

/// A consumer as its loop sees it. No call waits, except where said.
pub(crate) trait RecordSource: Send {
    /// Ready when any queue was filled since the last time.
    fn poll_filled(&self, context: &Context<'_>) -> Poll<()>;

    /// Serves callbacks and errors; counts as a poll for `max.poll.interval.ms`.
    fn poll_events(&mut self, events: &mut Vec<SourceEvent>);

    /// The partitions whose queues were filled since the last call.
    fn take_filled(&mut self, into: &mut Vec<Slot>);

    /// Appends up to `limit` records of a partition; fewer than `limit`: it was seen empty.
    fn read(&mut self, slot: Slot, limit: usize, into: &mut VecDeque<Record>) -> usize;

    /// Takes a record back that nobody needs any more; dropping it does as well.
    fn recycle(&mut self, record: Record);

    /// The partition's name.
    fn name(&self, slot: Slot) -> &TopicPartition;

    /// Accepts an assignment. May wait up to two seconds for the start offsets; every partition
    /// stands still until then anyhow.
    fn assign(&mut self, slots: &[Slot]) -> Result<Vec<Start>, ClientError>;

    /// Gives partitions up.
    fn unassign(&mut self, slots: &[Slot]) -> Result<(), ClientError>;

    /// Has brokers' threads look at once for what is to be fetched.
    fn wake_brokers(&self) {}

    /// Sends a commit; [`SourceEvent::Committed`] with this `id` answers it.
    fn commit(&mut self, id: u64, offsets: &[CommitOffset]) -> Result<(), ClientError>;

    /// The consumer's place in its group now; `None` if it has none, or has just lost it.
    fn group_metadata(&self) -> Option<GroupMetadata>;

    /// What the group has committed of these partitions, once no transaction on them is open;
    /// waits up to a second. Those without a commit are left out.
    fn committed(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError>;

    /// What the group has committed of a partition, and noted beside it; waits up to a second.
    fn found(&mut self, slot: Slot) -> Result<Option<(i64, Option<String>)>, ClientError> {
        let committed = self.committed(&[slot])?;
        Ok(committed.first().map(|(_, offset)| (*offset, None)))
    }

    /// Reads on from another offset.
    fn seek(&mut self, slot: Slot, offset: i64) -> Result<(), ClientError>;

    /// Whether what is assigned may be somebody else's already.
    fn assignment_lost(&self) -> bool;

    /// The ends of partitions as the broker tells them now; waits up to two seconds.
    fn end_offsets(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        self.offsets(slots, Spot::End)
    }

    /// Where a spot of each of these partitions is; waits up to two seconds.
    fn offsets(&mut self, slots: &[Slot], spot: Spot) -> Result<Vec<(Slot, i64)>, ClientError>;

    /// The end of a partition as the last fetch told it.
    fn known_end(&self, slot: Slot) -> Option<i64>;

    /// The offset after all that was taken out of a partition's queue, records of transactions'
    /// ends included, which are given to nobody; `None` if that is not known.
    fn position(&self, slot: Slot) -> Option<i64> {
        let _ = slot;
        None
    }

    /// Asks whether partitions belong to nobody; `None` where that cannot be.
    fn orphans(&self) -> Option<Orphans> {
        None
    }

    /// Leaves the group and joins it anew: what it has is revoked before.
    fn rejoin(&mut self) -> Result<(), ClientError> {
        Ok(())
    }

    /// Begins to leave the group; revocations still have to be answered.
    fn close(&mut self) -> Result<(), ClientError>;

    /// Whether the group was left.
    fn is_closed(&self) -> bool;
}
