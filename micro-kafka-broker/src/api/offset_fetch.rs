//! OffsetFetch (key 9): reads a group's offsets.
//!
//! Versions 1–10. From 2 on null topics mean all, 6 is flexible, 8 asks for several groups, 10 has
//! topic ids for names.

use std::sync::Arc;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::group::{OffsetView, PartitionKey};
use crate::meta::{Image, TopicRef};
use crate::wire::Uuid;

api! {
    key 9, versions 1..=10, flexible 6;

    request OffsetFetchRequest {
        group_id: String [..=7],
        topics: Option<Vec<OffsetFetchRequestTopic>> [..=7, nullable 2..=7],
        groups: Vec<OffsetFetchRequestGroup> [8..],
        require_stable: bool [7..],
    }

    response OffsetFetchResponse {
        throttle_time_ms: i32 [3..],
        topics: Vec<OffsetFetchResponseTopic> [..=7],
        error_code: ErrorCode [2..=7],
        groups: Vec<OffsetFetchResponseGroup> [8..],
    }

    struct OffsetFetchRequestTopic {
        name: String,
        partition_indexes: Vec<i32>,
    }

    struct OffsetFetchRequestGroup {
        group_id: String,
        member_id: Option<String> [9..],
        member_epoch: i32 [9..] = -1,
        topics: Option<Vec<OffsetFetchRequestTopics>>,
    }

    struct OffsetFetchRequestTopics {
        name: String [..=9],
        topic_id: Uuid [10..],
        partition_indexes: Vec<i32>,
    }

    struct OffsetFetchResponseTopic {
        name: String,
        partitions: Vec<OffsetFetchResponsePartition>,
    }

    struct OffsetFetchResponsePartition {
        partition_index: i32,
        committed_offset: i64,
        committed_leader_epoch: i32 [5..] = -1,
        metadata: Option<String>,
        error_code: ErrorCode,
    }

    struct OffsetFetchResponseGroup {
        group_id: String,
        topics: Vec<OffsetFetchResponseTopics>,
        error_code: ErrorCode,
    }

    struct OffsetFetchResponseTopics {
        name: String [..=9],
        topic_id: Uuid [10..],
        partitions: Vec<OffsetFetchResponsePartitions>,
    }

    struct OffsetFetchResponsePartitions {
        partition_index: i32,
        committed_offset: i64,
        committed_leader_epoch: i32 = -1,
        metadata: Option<String>,
        error_code: ErrorCode,
    }
}

/// From this version on one request asks for several groups.
const SEVERAL_GROUPS_FROM: i16 = 8;
/// From this version on topics have ids for names.
const TOPIC_IDS_FROM: i16 = 10;

impl Handler for OffsetFetchRequest {
    /// A group that never was has committed nothing: offset -1, and no error.
    async fn handle(self, context: &RequestContext) -> Answer<OffsetFetchResponse> {
        let image = context.broker.catalog().image();
        if context.version >= SEVERAL_GROUPS_FROM {
            let fetch = |group| fetch_group(context, &image, group, self.require_stable);
            let groups = self.groups.into_iter().map(fetch).collect();
            return OffsetFetchResponse {
                groups,
                ..OffsetFetchResponse::default()
            }
            .into();
        }
        let to_topics = |topic: OffsetFetchRequestTopic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..OffsetFetchRequestTopics::default()
        };
        let group = OffsetFetchRequestGroup {
            group_id: self.group_id,
            topics: self
                .topics
                .map(|topics| topics.into_iter().map(to_topics).collect()),
            ..OffsetFetchRequestGroup::default()
        };
        let fetched = fetch_group(context, &image, group, self.require_stable);
        OffsetFetchResponse {
            error_code: fetched.error_code,
            topics: fetched
                .topics
                .into_iter()
                .map(OffsetFetchResponseTopic::from)
                .collect(),
            ..OffsetFetchResponse::default()
        }
        .into()
    }
}

impl From<OffsetFetchResponseTopics> for OffsetFetchResponseTopic {
    fn from(topic: OffsetFetchResponseTopics) -> Self {
        let partition = |partition: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
            partition_index: partition.partition_index,
            committed_offset: partition.committed_offset,
            committed_leader_epoch: partition.committed_leader_epoch,
            metadata: partition.metadata,
            error_code: partition.error_code,
        };
        Self {
            name: topic.name,
            partitions: topic.partitions.into_iter().map(partition).collect(),
        }
    }
}

fn fetch_group(
    context: &RequestContext,
    image: &Image,
    group: OffsetFetchRequestGroup,
    require_stable: bool,
) -> OffsetFetchResponseGroup {
    let loaded = context.groups().check_loaded(Some(&group.group_id));
    if let Err(loading) = loaded {
        return OffsetFetchResponseGroup {
            group_id: group.group_id,
            error_code: loading.into(),
            ..OffsetFetchResponseGroup::default()
        };
    }
    let topics = match group.topics {
        None => fetch_all(context, image, &group.group_id, require_stable),
        Some(topics) => {
            let fetch = |topic| fetch_topic(context, image, &group.group_id, topic, require_stable);
            topics.into_iter().map(fetch).collect()
        }
    };
    OffsetFetchResponseGroup {
        group_id: group.group_id,
        topics,
        ..OffsetFetchResponseGroup::default()
    }
}

fn fetch_topic(
    context: &RequestContext,
    image: &Image,
    group: &str,
    asked: OffsetFetchRequestTopics,
    require_stable: bool,
) -> OffsetFetchResponseTopics {
    let name: Option<Arc<str>> = match context.version {
        TOPIC_IDS_FROM.. => image
            .find(TopicRef::Id(asked.topic_id))
            .map(|topic| Arc::clone(&topic.name)),
        _ => Some(asked.name.as_str().into()),
    };
    let partitions = match name {
        Some(name) => {
            let key = |partition: &i32| PartitionKey {
                topic: Arc::clone(&name),
                partition: *partition,
            };
            let keys: Vec<_> = asked.partition_indexes.iter().map(key).collect();
            let found = context.groups().offsets(group, &keys);
            let indexes = asked.partition_indexes.into_iter().zip(found);
            indexes
                .map(|(index, view)| answer(index, view, require_stable))
                .collect()
        }
        None => {
            let unknown = |index| OffsetFetchResponsePartitions {
                error_code: ErrorCode::UNKNOWN_TOPIC_ID,
                ..answer(index, OffsetView::default(), false)
            };
            asked.partition_indexes.into_iter().map(unknown).collect()
        }
    };
    OffsetFetchResponseTopics {
        name: asked.name,
        topic_id: asked.topic_id,
        partitions,
    }
}

fn fetch_all(
    context: &RequestContext,
    image: &Image,
    group: &str,
    require_stable: bool,
) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for (key, view) in context.broker.groups().all_offsets(group) {
        if topics.last().is_none_or(|last| *last.name != *key.topic) {
            topics.push(OffsetFetchResponseTopics {
                name: key.topic.to_string(),
                topic_id: image.topic(&key.topic).map_or(Uuid::ZERO, |topic| topic.id),
                ..OffsetFetchResponseTopics::default()
            });
        }
        if let Some(topic) = topics.last_mut() {
            topic
                .partitions
                .push(answer(key.partition, view, require_stable));
        }
    }
    topics
}

/// An offset that an open transaction may change is withheld from whoever asks for a stable one.
fn answer(
    partition_index: i32,
    view: OffsetView,
    require_stable: bool,
) -> OffsetFetchResponsePartitions {
    let withheld = require_stable && view.unstable;
    let committed = view.committed.filter(|_| !withheld);
    let committed = committed.unwrap_or_default();
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: committed.offset,
        committed_leader_epoch: committed.leader_epoch,
        metadata: Some(committed.metadata),
        error_code: match withheld {
            true => ErrorCode::UNSTABLE_OFFSET_COMMIT,
            false => ErrorCode::NONE,
        },
    }
}
