//! OffsetForLeaderEpoch (key 23): where a leader's epoch ended.
//!
//! Versions 2–4. 3 adds the replica, 4 is flexible.

use crate::api::replica::find_replica;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{Image, TopicRef};

api! {
    key 23, versions 2..=4, flexible 4;

    request OffsetForLeaderEpochRequest {
        replica_id: i32 [3..] = -2,
        topics: Vec<OffsetForLeaderTopic>,
    }

    response OffsetForLeaderEpochResponse {
        throttle_time_ms: i32,
        topics: Vec<OffsetForLeaderTopicResult>,
    }

    struct OffsetForLeaderTopic {
        topic: String,
        partitions: Vec<OffsetForLeaderPartition>,
    }

    struct OffsetForLeaderPartition {
        partition: i32,
        current_leader_epoch: i32 = -1,
        leader_epoch: i32,
    }

    struct OffsetForLeaderTopicResult {
        topic: String,
        partitions: Vec<EpochEndOffset>,
    }

    struct EpochEndOffset {
        error_code: ErrorCode,
        partition: i32,
        leader_epoch: i32 = -1,
        end_offset: i64 = -1,
    }
}

impl Handler for OffsetForLeaderEpochRequest {
    async fn handle(self, context: &RequestContext) -> Answer<OffsetForLeaderEpochResponse> {
        let image = context.broker.catalog().image();
        let topics = self.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let found = look_up(context, &image, &topic.topic, asked);
                found.unwrap_or_else(|error_code| EpochEndOffset {
                    error_code,
                    partition: asked.partition,
                    ..EpochEndOffset::default()
                })
            });
            let partitions = partitions.collect();
            OffsetForLeaderTopicResult {
                topic: topic.topic,
                partitions,
            }
        });
        let topics = topics.collect();
        OffsetForLeaderEpochResponse {
            topics,
            ..OffsetForLeaderEpochResponse::default()
        }
        .into()
    }
}

fn look_up(
    context: &RequestContext,
    image: &Image,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> Result<EpochEndOffset, ErrorCode> {
    let (_, partition) = find_replica(context, image, TopicRef::Name(topic), asked.partition)?;
    partition.check_epoch(asked.current_leader_epoch)?;
    let end = partition.epoch_end(asked.leader_epoch);
    Ok(EpochEndOffset {
        partition: asked.partition,
        leader_epoch: end.epoch,
        end_offset: end.end_offset,
        ..EpochEndOffset::default()
    })
}
