//! OffsetCommit (key 8): stores a group's offsets.
//!
//! Versions 2–10. 6 adds leader epochs, 7 static members, 8 is flexible, 10 has topic ids for
//! names.

use std::sync::Arc;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::group::{
    Caller, CommitPartition, CommittedOffset, Event, GroupError, PartitionKey, Reply,
};
use crate::meta::{Image, Topic, TopicRef};
use crate::wire::Uuid;

api! {
    key 8, versions 2..=10, flexible 8;

    request OffsetCommitRequest {
        group_id: String,
        generation_id_or_member_epoch: i32 = -1,
        member_id: String,
        group_instance_id: Option<String> [7..],
        retention_time_ms: i64 [..=4] = -1,
        topics: Vec<OffsetCommitRequestTopic>,
    }

    response OffsetCommitResponse {
        throttle_time_ms: i32 [3..],
        topics: Vec<OffsetCommitResponseTopic>,
    }

    struct OffsetCommitRequestTopic {
        name: String [..=9],
        topic_id: Uuid [10..],
        partitions: Vec<OffsetCommitRequestPartition>,
    }

    struct OffsetCommitRequestPartition {
        partition_index: i32,
        committed_offset: i64,
        committed_leader_epoch: i32 [6..] = -1,
        committed_metadata: Option<String>,
    }

    struct OffsetCommitResponseTopic {
        name: String [..=9],
        topic_id: Uuid [10..],
        partitions: Vec<OffsetCommitResponsePartition>,
    }

    struct OffsetCommitResponsePartition {
        partition_index: i32,
        error_code: ErrorCode,
    }
}

/// Stands for the retention that the broker is configured with.
const BROKERS_RETENTION: i64 = -1;
/// From this version on a group that never was has an error code of its own.
const GROUP_ID_NOT_FOUND_FROM: i16 = 9;
/// From this version on topics have ids for names.
const TOPIC_IDS_FROM: i16 = 10;

impl Handler for OffsetCommitRequest {
    async fn handle(self, context: &RequestContext) -> Answer<OffsetCommitResponse> {
        let image = context.broker.catalog().image();
        let caller = Caller {
            generation: self.generation_id_or_member_epoch,
            member_id: self.member_id,
            instance_id: self.group_instance_id,
        };
        let now = context.broker.clock().unix_millis();
        let committing = Committing {
            version: context.version,
            image: &image,
            now,
            expires_at: (self.retention_time_ms != BROKERS_RETENTION)
                .then(|| now.saturating_add(self.retention_time_ms)),
        };
        let mut commits = Vec::new();
        let answers = self
            .topics
            .into_iter()
            .map(|topic| committing.prepare(topic, &mut commits));
        let mut topics: Vec<OffsetCommitResponseTopic> = answers.collect();
        let mut outcomes = commit(context, &self.group_id, caller, commits)
            .await
            .into_iter();
        let partitions = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        for partition in partitions.filter(|partition| partition.error_code.is_none()) {
            partition.error_code = outcomes.next().unwrap_or_default();
        }
        OffsetCommitResponse {
            topics,
            ..OffsetCommitResponse::default()
        }
        .into()
    }
}

/// What holds for a whole request.
struct Committing<'a> {
    version: i16,
    image: &'a Image,
    now: i64,
    /// When the offsets are forgotten, if an old client says so.
    expires_at: Option<i64>,
}

impl Committing<'_> {
    /// Collects the commits of existing partitions; the others' answers have their error already.
    fn prepare(
        &self,
        asked: OffsetCommitRequestTopic,
        commits: &mut Vec<CommitPartition>,
    ) -> OffsetCommitResponseTopic {
        let (topic, unknown) = match self.version {
            TOPIC_IDS_FROM.. => (TopicRef::Id(asked.topic_id), ErrorCode::UNKNOWN_TOPIC_ID),
            _ => (
                TopicRef::Name(&asked.name),
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ),
        };
        let topic = self.image.find(topic);
        let partitions = asked.partitions.into_iter().map(|partition| {
            let partition_index = partition.partition_index;
            let error_code = match topic.map(|topic| self.to_commit(topic, partition)) {
                None => unknown,
                Some(None) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                Some(Some(commit)) => {
                    commits.push(commit);
                    ErrorCode::NONE
                }
            };
            OffsetCommitResponsePartition {
                partition_index,
                error_code,
            }
        });
        let partitions = partitions.collect();
        OffsetCommitResponseTopic {
            name: asked.name,
            topic_id: asked.topic_id,
            partitions,
        }
    }

    fn to_commit(
        &self,
        topic: &Topic,
        asked: OffsetCommitRequestPartition,
    ) -> Option<CommitPartition> {
        topic.partition(asked.partition_index)?;
        Some(CommitPartition {
            key: PartitionKey {
                topic: Arc::clone(&topic.name),
                partition: asked.partition_index,
            },
            committed: CommittedOffset {
                offset: asked.committed_offset,
                leader_epoch: asked.committed_leader_epoch,
                metadata: asked.committed_metadata.unwrap_or_default(),
                committed_at: self.now,
                expires_at: self.expires_at,
                topic_id: topic.id,
            },
        })
    }
}

/// One code for each commit, in order.
async fn commit(
    context: &RequestContext,
    group: &str,
    caller: Caller,
    commits: Vec<CommitPartition>,
) -> Vec<ErrorCode> {
    let count = commits.len();
    let groups = context.groups();
    match groups
        .call(group, |token| Event::Commit(token, caller, commits))
        .await
    {
        Ok(Reply::Commit(Ok(outcomes))) => outcomes.into_iter().map(ErrorCode::of).collect(),
        Ok(Reply::Commit(Err(GroupError::UnknownGroup)))
            if context.version < GROUP_ID_NOT_FOUND_FROM =>
        {
            vec![ErrorCode::ILLEGAL_GENERATION; count]
        }
        Ok(Reply::Commit(Err(error))) => vec![error.into(); count],
        other => vec![ErrorCode::of_unanswered(&other); count],
    }
}
