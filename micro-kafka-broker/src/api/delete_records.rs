//! DeleteRecords (key 21): deletes the records before an offset.
//!
//! Versions 0–2. 2 is flexible.
//!
//! Deviations: none known; the timeout is never reached.

use std::collections::BTreeMap;

use crate::api::replica::find_replica;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{Image, TopicRef};
use crate::partition::DeleteError;

api! {
    key 21, versions 0..=2, flexible 2;

    request DeleteRecordsRequest {
        topics: Vec<DeleteRecordsTopic>,
        timeout_ms: i32,
    }

    response DeleteRecordsResponse {
        throttle_time_ms: i32,
        topics: Vec<DeleteRecordsTopicResult>,
    }

    struct DeleteRecordsTopic {
        name: String,
        partitions: Vec<DeleteRecordsPartition>,
    }

    struct DeleteRecordsPartition {
        partition_index: i32,
        offset: i64,
    }

    struct DeleteRecordsTopicResult {
        name: String,
        partitions: Vec<DeleteRecordsPartitionResult>,
    }

    struct DeleteRecordsPartitionResult {
        partition_index: i32,
        low_watermark: i64,
        error_code: ErrorCode,
    }
}

/// The offset that stands for all that is replicated.
const HIGH_WATERMARK: i64 = -1;
/// The low watermark beside an error.
const NO_WATERMARK: i64 = -1;

impl Handler for DeleteRecordsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DeleteRecordsResponse> {
        let image = context.broker.catalog().image();
        // Of several offsets for a partition the last one counts.
        let mut asked: BTreeMap<String, BTreeMap<i32, i64>> = BTreeMap::new();
        for topic in self.topics {
            let offsets = topic.partitions.iter();
            let offsets = offsets.map(|p| (p.partition_index, p.offset));
            asked.entry(topic.name).or_default().extend(offsets);
        }
        let topics = asked.into_iter().map(|(name, offsets)| {
            let partitions = offsets.into_iter().map(|(partition_index, offset)| {
                let deleted = delete(context, &image, &name, partition_index, offset);
                DeleteRecordsPartitionResult {
                    partition_index,
                    low_watermark: *deleted.as_ref().unwrap_or(&NO_WATERMARK),
                    error_code: ErrorCode::of(deleted.map(|_| ())),
                }
            });
            let partitions = partitions.collect();
            DeleteRecordsTopicResult { name, partitions }
        });
        DeleteRecordsResponse {
            topics: topics.collect(),
            ..DeleteRecordsResponse::default()
        }
        .into()
    }
}

fn delete(
    context: &RequestContext,
    image: &Image,
    topic: &str,
    index: i32,
    offset: i64,
) -> Result<i64, ErrorCode> {
    let (topic, partition) = find_replica(context, image, TopicRef::Name(topic), index)?;
    if topic.internal {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    if !topic.settings.cleanup.allows_deletion() {
        return Err(ErrorCode::POLICY_VIOLATION);
    }
    let offset = (offset != HIGH_WATERMARK).then_some(offset);
    let start = partition.delete_before(offset)?;
    tracing::debug!(
        topic = %topic.name, partition = index, client = %context.peer, start, "records deleted"
    );
    Ok(start)
}

impl From<DeleteError> for ErrorCode {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::OutOfRange { .. } => Self::OFFSET_OUT_OF_RANGE,
            DeleteError::Gone => Self::UNKNOWN_TOPIC_OR_PARTITION,
            DeleteError::Storage => Self::KAFKA_STORAGE_ERROR,
        }
    }
}
