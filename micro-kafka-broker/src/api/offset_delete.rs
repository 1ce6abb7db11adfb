//! OffsetDelete (key 47): deletes offsets that a group has committed.
//!
//! Version 0.

use std::sync::Arc;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::group::{Event, GroupError, PartitionKey, Reply};
use crate::meta::Image;

api! {
    key 47, versions 0..=0, flexible 1;

    request OffsetDeleteRequest {
        group_id: String,
        topics: Vec<OffsetDeleteRequestTopic>,
    }

    response OffsetDeleteResponse {
        error_code: ErrorCode,
        throttle_time_ms: i32,
        topics: Vec<OffsetDeleteResponseTopic>,
    }

    struct OffsetDeleteRequestTopic {
        name: String,
        partitions: Vec<OffsetDeleteRequestPartition>,
    }

    struct OffsetDeleteRequestPartition {
        partition_index: i32,
    }

    struct OffsetDeleteResponseTopic {
        name: String,
        partitions: Vec<OffsetDeleteResponsePartition>,
    }

    struct OffsetDeleteResponsePartition {
        partition_index: i32,
        error_code: ErrorCode,
    }
}

impl Handler for OffsetDeleteRequest {
    async fn handle(self, context: &RequestContext) -> Answer<OffsetDeleteResponse> {
        let image = context.broker.catalog().image();
        let mut keys = Vec::new();
        let topics = self.topics.into_iter();
        let topics = topics.map(|topic| prepare(&image, topic, &mut keys));
        let mut topics: Vec<OffsetDeleteResponseTopic> = topics.collect();
        let outcomes = match delete(context, &self.group_id, keys).await {
            Ok(outcomes) => outcomes,
            Err(error_code) => {
                return OffsetDeleteResponse {
                    error_code,
                    ..OffsetDeleteResponse::default()
                }
                .into();
            }
        };
        let mut outcomes = outcomes.into_iter();
        let partitions = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        for partition in partitions.filter(|partition| partition.error_code.is_none()) {
            partition.error_code = outcomes.next().unwrap_or_default();
        }
        OffsetDeleteResponse {
            topics,
            ..OffsetDeleteResponse::default()
        }
        .into()
    }
}

/// Collects the existing partitions; the others' answers have their error already.
fn prepare(
    image: &Image,
    asked: OffsetDeleteRequestTopic,
    keys: &mut Vec<PartitionKey>,
) -> OffsetDeleteResponseTopic {
    let topic = image.topic(&asked.name);
    let partitions = asked.partitions.into_iter().map(|partition| {
        let index = partition.partition_index;
        let known = topic.filter(|topic| topic.partition(index).is_some());
        let error_code = match known {
            None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            Some(topic) => {
                keys.push(PartitionKey {
                    topic: Arc::clone(&topic.name),
                    partition: index,
                });
                ErrorCode::NONE
            }
        };
        OffsetDeleteResponsePartition {
            partition_index: index,
            error_code,
        }
    });
    OffsetDeleteResponseTopic {
        partitions: partitions.collect(),
        name: asked.name,
    }
}

/// One code for each key, in order.
async fn delete(
    context: &RequestContext,
    group_id: &str,
    keys: Vec<PartitionKey>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    if group_id.is_empty() {
        return Err(GroupError::InvalidGroupId.into());
    }
    let groups = context.groups();
    let answer = groups
        .call(group_id, |token| Event::DeleteOffsets(token, keys))
        .await;
    match answer {
        Ok(Reply::Commit(outcomes)) => Ok(outcomes?.into_iter().map(ErrorCode::of).collect()),
        other => Err(ErrorCode::of_unanswered(&other)),
    }
}
