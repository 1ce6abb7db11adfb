//! What a group writes down, in Kafka's records of `__consumer_offsets`.

use bytes::Bytes;

use super::{CommittedOffset, PartitionKey};
use crate::coord::StateRecord;
use crate::coord::transaction::Producer;
use crate::wire::{
    DecodeError, EncodeError, NEVER_FLEXIBLE, Uuid, decode_record, encode_record, record_version,
};

record! {
    versions 0..=1, flexible NEVER_FLEXIBLE;

    /// The key of a committed offset.
    record OffsetCommitKey {
        group: String,
        topic: String,
        partition: i32,
    }
}

record! {
    versions 0..=4, flexible 4;

    /// A committed offset.
    record OffsetCommitValue {
        offset: i64,
        leader_epoch: i32 [3..] = -1,
        metadata: String,
        commit_timestamp: i64,
        expire_timestamp: i64 [1..=1] = -1,
        topic_id: Uuid [4.., tag 0],
    }
}

record! {
    versions 2..=2, flexible NEVER_FLEXIBLE;

    /// The key of a group.
    record GroupMetadataKey {
        group: String,
    }
}

record! {
    versions 0..=4, flexible 4;

    /// A group with its members, as they are when a rebalance has ended.
    record GroupMetadataValue {
        protocol_type: String,
        generation: i32,
        protocol: Option<String>,
        leader: Option<String>,
        current_state_timestamp: i64 [2..] = -1,
        members: Vec<MemberMetadata>,
    }

    struct MemberMetadata {
        member_id: String,
        group_instance_id: Option<String> [3..],
        client_id: String,
        client_host: String,
        rebalance_timeout: i32 [1..] = -1,
        session_timeout: i32,
        subscription: Bytes,
        assignment: Bytes,
    }
}

/// Versions that are written, as Apache Kafka 4.3 does.
const OFFSET_KEY: i16 = 1;
const OFFSET_VALUE: i16 = 4;
/// The only version with a time at which the offset expires.
const EXPIRING_OFFSET_VALUE: i16 = 1;
const GROUP_KEY: i16 = 2;
const GROUP_VALUE: i16 = 3;

/// Something that a group has to write down before it answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// An offset was committed.
    Committed(PartitionKey, CommittedOffset),
    /// An offset is committed if the producer's transaction is.
    Held(Producer, PartitionKey, CommittedOffset),
    /// An offset was forgotten.
    Forgotten(PartitionKey),
    /// A rebalance has ended, or the group has just begun to exist.
    Generation(GroupMetadataValue),
    /// The group no longer exists.
    Removed,
}

impl Change {
    /// The record of a group.
    ///
    /// # Errors
    /// If a text is longer than a record can have it.
    pub(crate) fn record(&self, group: &str) -> Result<StateRecord, EncodeError> {
        let (key, value) = match self {
            Self::Committed(key, committed) | Self::Held(_, key, committed) => {
                (offset_key(group, key)?, Some(committed.record()?))
            }
            Self::Forgotten(key) => (offset_key(group, key)?, None),
            Self::Generation(value) => {
                (group_key(group)?, Some(encode_record(value, GROUP_VALUE)?))
            }
            Self::Removed => (group_key(group)?, None),
        };
        Ok(StateRecord { key, value })
    }
}

fn offset_key(group: &str, key: &PartitionKey) -> Result<Bytes, EncodeError> {
    let key = OffsetCommitKey {
        group: group.to_owned(),
        topic: key.topic.to_string(),
        partition: key.partition,
    };
    encode_record(&key, OFFSET_KEY)
}

fn group_key(group: &str) -> Result<Bytes, EncodeError> {
    let key = GroupMetadataKey {
        group: group.to_owned(),
    };
    encode_record(&key, GROUP_KEY)
}

impl CommittedOffset {
    fn record(&self) -> Result<Bytes, EncodeError> {
        let value = OffsetCommitValue {
            offset: self.offset,
            leader_epoch: self.leader_epoch,
            metadata: self.metadata.clone(),
            commit_timestamp: self.committed_at,
            expire_timestamp: self.expires_at.unwrap_or(-1),
            topic_id: self.topic_id,
        };
        let version = match self.expires_at {
            Some(_) => EXPIRING_OFFSET_VALUE,
            None => OFFSET_VALUE,
        };
        encode_record(&value, version)
    }
}

impl From<OffsetCommitValue> for CommittedOffset {
    fn from(value: OffsetCommitValue) -> Self {
        Self {
            offset: value.offset,
            leader_epoch: value.leader_epoch,
            metadata: value.metadata,
            committed_at: value.commit_timestamp,
            expires_at: Some(value.expire_timestamp).filter(|at| *at >= 0),
            topic_id: value.topic_id,
        }
    }
}

/// A record read back.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kept {
    /// A group's offset; `None` when it was forgotten.
    Offset(String, PartitionKey, Option<CommittedOffset>),
    /// A group; `None` when it no longer exists.
    Group(String, Option<GroupMetadataValue>),
    /// Something of another kind of group, or of a later Kafka.
    Other(i16),
}

impl Kept {
    /// Reads a record.
    ///
    /// # Errors
    /// If its bytes are not of the version that they say.
    pub(super) fn read(record: StateRecord) -> Result<Self, DecodeError> {
        let StateRecord { key, value } = record;
        match record_version(&key)? {
            0 | OFFSET_KEY => {
                let key: OffsetCommitKey = decode_record(key)?;
                let value = value.map(decode_record::<OffsetCommitValue>).transpose()?;
                let partition = PartitionKey {
                    topic: key.topic.into(),
                    partition: key.partition,
                };
                Ok(Self::Offset(
                    key.group,
                    partition,
                    value.map(CommittedOffset::from),
                ))
            }
            GROUP_KEY => {
                let key: GroupMetadataKey = decode_record(key)?;
                Ok(Self::Group(
                    key.group,
                    value.map(decode_record).transpose()?,
                ))
            }
            other => Ok(Self::Other(other)),
        }
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
