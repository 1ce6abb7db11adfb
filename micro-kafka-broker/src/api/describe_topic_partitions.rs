//! DescribeTopicPartitions (key 75): topics page by page.
//!
//! Version 0, which is flexible. Topics come in the order of their names; what does not fit into
//! `response.partition.limit` is asked for again from the cursor on.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::{Answer, ErrorCode, Handler, Operations, RequestContext};
use crate::meta::{Image, PartitionInfo, Topic, check_topic_name};
use crate::wire::{OrNull, Uuid};

api! {
    key 75, versions 0..=0, flexible 0;

    request DescribeTopicPartitionsRequest {
        topics: Vec<TopicRequest>,
        response_partition_limit: i32 = 2000,
        cursor: OrNull<Cursor>,
    }

    response DescribeTopicPartitionsResponse {
        throttle_time_ms: i32,
        topics: Vec<DescribeTopicPartitionsResponseTopic>,
        next_cursor: OrNull<Cursor>,
    }

    struct TopicRequest {
        name: String,
    }

    struct Cursor {
        topic_name: String,
        partition_index: i32,
    }

    struct DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode,
        name: Option<String>,
        topic_id: Uuid,
        is_internal: bool,
        partitions: Vec<DescribeTopicPartitionsResponsePartition>,
        topic_authorized_operations: i32 = i32::MIN,
    }

    struct DescribeTopicPartitionsResponsePartition {
        error_code: ErrorCode,
        partition_index: i32,
        leader_id: i32,
        leader_epoch: i32 = -1,
        replica_nodes: Vec<i32>,
        isr_nodes: Vec<i32>,
        eligible_leader_replicas: Option<Vec<i32>> = Some(Vec::new()),
        last_known_elr: Option<Vec<i32>> = Some(Vec::new()),
        offline_replicas: Vec<i32>,
    }
}

impl Handler for DescribeTopicPartitionsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeTopicPartitionsResponse> {
        let image = context.broker.catalog().image();
        let config = context.broker.config();
        let most = config.number("max.request.partition.size.limit");
        self.page(&image, most).into()
    }
}

impl DescribeTopicPartitionsRequest {
    /// The page that is asked for, of at most `most` partitions.
    fn page(&self, image: &Image, most: i64) -> DescribeTopicPartitionsResponse {
        let all = self.topics.is_empty();
        let names: BTreeSet<&str> = match all {
            true => image.topics().map(|topic| &*topic.name).collect(),
            false => self.topics.iter().map(|topic| &*topic.name).collect(),
        };
        let cursor = self.cursor.0.as_ref();
        let unlisted = |cursor: &Cursor| !all && !names.contains(&*cursor.topic_name);
        if cursor.is_some_and(|cursor| cursor.partition_index < 0 || unlisted(cursor)) {
            return refused(&self.topics);
        }
        let from = cursor.map_or("", |cursor| cursor.topic_name.as_str());
        let first = cursor.map_or(0, |cursor| cursor.partition_index);
        let mut page = Page::new(most.min(self.response_partition_limit.into()));
        for name in names.range(from..) {
            let start = if *name == from { first } else { 0 };
            let more = match image.topic(name) {
                Some(topic) => page.add(image, topic, start),
                None => page.add_unknown(name),
            };
            if !more {
                break;
            }
        }
        page.response
    }
}

/// The answer to a cursor that points nowhere.
fn refused(topics: &[TopicRequest]) -> DescribeTopicPartitionsResponse {
    let refused = topics
        .iter()
        .map(|topic| DescribeTopicPartitionsResponseTopic {
            error_code: ErrorCode::INVALID_REQUEST,
            name: Some(topic.name.clone()),
            ..DescribeTopicPartitionsResponseTopic::default()
        });
    DescribeTopicPartitionsResponse {
        topics: refused.collect(),
        ..DescribeTopicPartitionsResponse::default()
    }
}

/// An answer that is being filled.
struct Page {
    response: DescribeTopicPartitionsResponse,
    left: usize,
}

impl Page {
    fn new(most: i64) -> Self {
        Self {
            response: DescribeTopicPartitionsResponse::default(),
            left: usize::try_from(most).unwrap_or_default().max(1),
        }
    }

    /// Adds a topic from a partition on; false when the page is full.
    fn add(&mut self, image: &Image, topic: &Arc<Topic>, start: i32) -> bool {
        if self.full(&topic.name) {
            return false;
        }
        let from = usize::try_from(start).unwrap_or_default();
        let rest = (0..).zip(&topic.partitions).skip(from);
        let partitions: Vec<_> = rest
            .take(self.left)
            .map(|told| described(image, told))
            .collect();
        let next = from + partitions.len();
        self.left -= partitions.len();
        self.push(
            ErrorCode::NONE,
            &topic.name,
            topic.id,
            topic.internal,
            partitions,
        );
        let more = next < topic.partitions.len();
        if more {
            self.end_at(&topic.name, next);
        }
        !more
    }

    /// Adds a topic that there is not; false when the page is full.
    fn add_unknown(&mut self, name: &str) -> bool {
        if self.full(name) {
            return false;
        }
        let code = match check_topic_name(name) {
            Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            Err(error) => ErrorCode::from(&error),
        };
        self.push(code, name, Uuid::default(), false, Vec::new());
        true
    }

    fn full(&mut self, next: &str) -> bool {
        let full = self.left == 0;
        if full {
            self.end_at(next, 0);
        }
        full
    }

    fn end_at(&mut self, topic: &str, partition: usize) {
        self.response.next_cursor = OrNull(Some(Cursor {
            topic_name: topic.to_owned(),
            partition_index: i32::try_from(partition).unwrap_or(i32::MAX),
        }));
    }

    fn push(
        &mut self,
        error_code: ErrorCode,
        name: &str,
        topic_id: Uuid,
        is_internal: bool,
        partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    ) {
        self.response
            .topics
            .push(DescribeTopicPartitionsResponseTopic {
                error_code,
                name: Some(name.to_owned()),
                topic_id,
                is_internal,
                partitions,
                topic_authorized_operations: Operations::TOPIC.bits(),
            });
    }
}

fn described(
    image: &Image,
    (index, info): (i32, &PartitionInfo),
) -> DescribeTopicPartitionsResponsePartition {
    let error_code = match info.leader < 0 {
        true => ErrorCode::LEADER_NOT_AVAILABLE,
        false => ErrorCode::NONE,
    };
    DescribeTopicPartitionsResponsePartition {
        error_code,
        partition_index: index,
        leader_id: info.leader,
        leader_epoch: info.leader_epoch,
        replica_nodes: info.replicas.clone(),
        isr_nodes: info.isr.clone(),
        offline_replicas: image.offline(info),
        ..DescribeTopicPartitionsResponsePartition::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::{BrokerConfig, Catalog, NewTopic};

    proptest! {
        #[test]
        fn page_by_page_every_partition_is_seen_once_and_in_order(
            counts in proptest::collection::vec(1i32..6, 0..6),
            limit in 1i32..9,
            named: bool,
        ) {
            let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
            let mut expected = Vec::new();
            for (index, partitions) in counts.iter().enumerate() {
                let name = format!("t{index}");
                expected.extend((0..*partitions).map(|partition| (name.clone(), partition)));
                let new = NewTopic { name, partitions: *partitions, replication_factor: 1, ..NewTopic::default() };
                catalog.create_topic(&new, false).unwrap();
            }
            let image = catalog.image();
            let name = |topic: &Arc<Topic>| TopicRequest { name: topic.name.to_string() };
            let mut request = DescribeTopicPartitionsRequest {
                topics: image.topics().filter(|_| named).map(name).collect(),
                response_partition_limit: limit,
                ..DescribeTopicPartitionsRequest::default()
            };
            let mut seen = Vec::new();
            loop {
                let page = request.page(&image, 2000);
                let before = seen.len();
                for topic in page.topics {
                    prop_assert!(topic.error_code.is_none());
                    let name = topic.name.unwrap();
                    seen.extend(topic.partitions.iter().map(|p| (name.clone(), p.partition_index)));
                }
                prop_assert!(seen.len() - before <= usize::try_from(limit).unwrap());
                request.cursor = page.next_cursor;
                if request.cursor.0.is_none() {
                    break;
                }
                prop_assert!(seen.len() > before, "every page moves on");
            }
            prop_assert_eq!(seen, expected);
        }
    }
}
