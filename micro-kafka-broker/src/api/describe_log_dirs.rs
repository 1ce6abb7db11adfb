//! DescribeLogDirs (key 35): where replicas lie, and how large they are.
//!
//! Versions 1–5. 2 is flexible, 3 adds a top-level error, 4 the size of the volume, 5 whether the
//! directory takes no new replicas.
//!
//! Deviations: the size of the volume is not known (-1).

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::Topic;

api! {
    key 35, versions 1..=5, flexible 2;

    request DescribeLogDirsRequest {
        topics: Option<Vec<DescribableLogDirTopic>>,
    }

    response DescribeLogDirsResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode [3..],
        results: Vec<DescribeLogDirsResult>,
    }

    struct DescribableLogDirTopic {
        topic: String,
        partitions: Vec<i32>,
    }

    struct DescribeLogDirsResult {
        error_code: ErrorCode,
        log_dir: String,
        topics: Vec<DescribeLogDirsTopic>,
        total_bytes: i64 [4..] = -1,
        usable_bytes: i64 [4..] = -1,
        is_cordoned: bool [5..],
    }

    struct DescribeLogDirsTopic {
        name: String,
        partitions: Vec<DescribeLogDirsPartition>,
    }

    struct DescribeLogDirsPartition {
        partition_index: i32,
        partition_size: i64,
        offset_lag: i64,
        is_future_key: bool,
    }
}

impl Handler for DescribeLogDirsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeLogDirsResponse> {
        let image = context.broker.catalog().image();
        let asked = self.topics.map(|topics| {
            let mut asked: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
            for topic in topics {
                asked
                    .entry(topic.topic)
                    .or_default()
                    .extend(topic.partitions);
            }
            asked
        });
        let described = |topic: &Topic| {
            let wanted = match &asked {
                Some(asked) => Some(asked.get(&*topic.name)?),
                None => None,
            };
            let partitions = sizes(context, topic, wanted);
            let name = topic.name.to_string();
            (!partitions.is_empty()).then_some(DescribeLogDirsTopic { name, partitions })
        };
        let result = DescribeLogDirsResult {
            log_dir: context.broker.log_dir(),
            topics: image
                .topics()
                .filter_map(|topic| described(topic))
                .collect(),
            ..DescribeLogDirsResult::default()
        };
        DescribeLogDirsResponse {
            results: vec![result],
            ..DescribeLogDirsResponse::default()
        }
        .into()
    }
}

/// The replicas of a topic that this broker has, of those that are wanted.
fn sizes(
    context: &RequestContext,
    topic: &Topic,
    wanted: Option<&BTreeSet<i32>>,
) -> Vec<DescribeLogDirsPartition> {
    let here = (0..).zip(&topic.partitions);
    let here = here.filter(|(_, info)| info.replicas.contains(&context.node));
    let partitions = here.map(|(index, _)| index);
    partitions
        .filter(|index| wanted.is_none_or(|wanted| wanted.contains(index)))
        .filter_map(|partition_index| {
            let replica = context.broker.partitions().get(topic.id, partition_index)?;
            Some(DescribeLogDirsPartition {
                partition_index,
                partition_size: i64::try_from(replica.size()).unwrap_or(i64::MAX),
                ..DescribeLogDirsPartition::default()
            })
        })
        .collect()
}
