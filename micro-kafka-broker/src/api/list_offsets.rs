//! ListOffsets (key 2): offsets by timestamp, and the first and last ones.
//!
//! Versions 1–11. 2 adds the isolation level, 4 leader epochs, 6 is flexible, 7–11 add special
//! timestamps, 10 a timeout.

use std::collections::HashSet;

use crate::api::replica::{find_any_replica, find_replica};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{Image, TopicRef};
use crate::partition::{Isolation, OffsetSpec};

api! {
    key 2, versions 1..=11, flexible 6;

    request ListOffsetsRequest {
        replica_id: i32,
        isolation_level: i8 [2..],
        topics: Vec<ListOffsetsTopic>,
        timeout_ms: i32 [10..],
    }

    response ListOffsetsResponse {
        throttle_time_ms: i32 [2..],
        topics: Vec<ListOffsetsTopicResponse>,
    }

    struct ListOffsetsTopic {
        name: String,
        partitions: Vec<ListOffsetsPartition>,
    }

    struct ListOffsetsPartition {
        partition_index: i32,
        current_leader_epoch: i32 [4..] = -1,
        timestamp: i64,
    }

    struct ListOffsetsTopicResponse {
        name: String,
        partitions: Vec<ListOffsetsPartitionResponse>,
    }

    struct ListOffsetsPartitionResponse {
        partition_index: i32,
        error_code: ErrorCode,
        timestamp: i64 = -1,
        offset: i64 = -1,
        leader_epoch: i32 [4..] = -1,
    }
}

/// The replica id of whoever may ask followers too.
const DEBUGGER: i32 = -2;
/// What a negative timestamp stands for, and the first version that knows it.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

impl Handler for ListOffsetsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<ListOffsetsResponse> {
        let image = context.broker.catalog().image();
        let isolation = Isolation::from_wire(self.isolation_level);
        let reader = (self.replica_id, isolation);
        let of_topic = |topic| of_topic(context, &image, reader, topic);
        ListOffsetsResponse {
            topics: self.topics.into_iter().map(of_topic).collect(),
            ..ListOffsetsResponse::default()
        }
        .into()
    }
}

fn of_topic(
    context: &RequestContext,
    image: &Image,
    reader: (i32, Isolation),
    topic: ListOffsetsTopic,
) -> ListOffsetsTopicResponse {
    let indexes = topic.partitions.iter().map(|asked| asked.partition_index);
    let mut seen = HashSet::new();
    let twice: HashSet<i32> = indexes.filter(|index| !seen.insert(*index)).collect();
    // One answer for all of a partition.
    let first = |asked: &&ListOffsetsPartition| seen.remove(&asked.partition_index);
    let partitions = topic.partitions.iter().filter(first).map(|asked| {
        let found = match twice.contains(&asked.partition_index) {
            true => Err(ErrorCode::INVALID_REQUEST),
            false => look_up(context, image, reader, &topic.name, asked),
        };
        found.unwrap_or_else(|error_code| ListOffsetsPartitionResponse {
            partition_index: asked.partition_index,
            error_code,
            ..ListOffsetsPartitionResponse::default()
        })
    });
    let partitions = partitions.collect();
    ListOffsetsTopicResponse {
        name: topic.name,
        partitions,
    }
}

fn look_up(
    context: &RequestContext,
    image: &Image,
    (asker, isolation): (i32, Isolation),
    topic: &str,
    asked: &ListOffsetsPartition,
) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    let index = asked.partition_index;
    let spec = spec(asked.timestamp, context.version)?;
    let topic = TopicRef::Name(topic);
    let (_, partition) = match asker {
        DEBUGGER => find_any_replica(context, image, topic, index)?,
        _ => find_replica(context, image, topic, index)?,
    };
    partition.check_epoch(asked.current_leader_epoch)?;
    let found = match spec {
        Some(spec) => partition.offset_for(spec, isolation)?,
        None => None,
    };
    let nothing = ListOffsetsPartitionResponse {
        partition_index: index,
        ..ListOffsetsPartitionResponse::default()
    };
    Ok(match found {
        Some(found) => ListOffsetsPartitionResponse {
            timestamp: found.timestamp,
            offset: found.offset,
            leader_epoch: found.leader_epoch,
            ..nothing
        },
        None => nothing,
    })
}

/// What a timestamp asks for; `None` for what exists only with tiered storage.
fn spec(timestamp: i64, version: i16) -> Result<Option<OffsetSpec>, ErrorCode> {
    let (since, spec) = match timestamp {
        LATEST => (1, Some(OffsetSpec::Latest)),
        EARLIEST => (1, Some(OffsetSpec::Earliest)),
        MAX_TIMESTAMP => (7, Some(OffsetSpec::MaxTimestamp)),
        EARLIEST_LOCAL => (8, Some(OffsetSpec::Earliest)),
        LATEST_TIERED => (9, None),
        EARLIEST_PENDING_UPLOAD => (11, None),
        other if other < 0 => return Err(ErrorCode::UNSUPPORTED_VERSION),
        time => (1, Some(OffsetSpec::At(time))),
    };
    match version >= since {
        true => Ok(spec),
        false => Err(ErrorCode::UNSUPPORTED_VERSION),
    }
}
