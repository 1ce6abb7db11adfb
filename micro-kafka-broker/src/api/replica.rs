//! The way from a topic in a request to the replica that serves it.

use std::sync::Arc;

use super::{ErrorCode, RequestContext};
use crate::meta::{Image, PartitionInfo, Topic, TopicRef};
use crate::partition::{EpochError, Partition, ReadError};

/// Finds the partition that this broker leads.
///
/// # Errors
/// The code that tells the client that it asked for the wrong thing or in the wrong place.
pub(super) fn find_replica<'a>(
    context: &RequestContext,
    image: &'a Image,
    topic: TopicRef<'_>,
    index: i32,
) -> Result<(&'a Arc<Topic>, Arc<Partition>), ErrorCode> {
    find_if(context, image, topic, index, |info| {
        info.leader == context.node
    })
}

/// Finds the partition, if this broker has a replica, whether it leads or follows.
///
/// # Errors
/// As [`find_replica`].
pub(super) fn find_any_replica<'a>(
    context: &RequestContext,
    image: &'a Image,
    topic: TopicRef<'_>,
    index: i32,
) -> Result<(&'a Arc<Topic>, Arc<Partition>), ErrorCode> {
    find_if(context, image, topic, index, |info| {
        info.replicas.contains(&context.node)
    })
}

fn find_if<'a>(
    context: &RequestContext,
    image: &'a Image,
    topic: TopicRef<'_>,
    index: i32,
    serves: impl FnOnce(&PartitionInfo) -> bool,
) -> Result<(&'a Arc<Topic>, Arc<Partition>), ErrorCode> {
    let found = image.find(topic).ok_or(match topic {
        TopicRef::Name(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        TopicRef::Id(_) => ErrorCode::UNKNOWN_TOPIC_ID,
    })?;
    let info = found
        .partition(index)
        .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    if !serves(info) {
        return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    }
    let partition = context.broker.partitions().get(found.id, index);
    Ok((found, partition.ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)?))
}

impl From<EpochError> for ErrorCode {
    fn from(error: EpochError) -> Self {
        match error {
            EpochError::Fenced => Self::FENCED_LEADER_EPOCH,
            EpochError::Unknown => Self::UNKNOWN_LEADER_EPOCH,
        }
    }
}

impl From<ReadError> for ErrorCode {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::OutOfRange { .. } => Self::OFFSET_OUT_OF_RANGE,
            ReadError::Gone => Self::UNKNOWN_TOPIC_OR_PARTITION,
            ReadError::Storage => Self::KAFKA_STORAGE_ERROR,
        }
    }
}
