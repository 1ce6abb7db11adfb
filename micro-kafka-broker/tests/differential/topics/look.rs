//! Metadata, DescribeTopicPartitions, ElectLeaders, AlterPartitionReassignments.

use kafka_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ApiKey, BrokerId,
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, ElectLeadersRequest,
    ElectLeadersResponse, MetadataRequest, MetadataResponse,
};
use rand::RngExt;
use rand::rngs::StdRng;
use uuid::Uuid;

use crate::records::pick;
use crate::side::{Side, topic_name};

const NAMES: [&str; 5] = ["t0", "t1", "t2", "stays", "missing"];

pub(super) async fn metadata(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(4..=13);
    let by_id = version >= 12 && rng.random_bool(0.5);
    let count = pick(rng, &[0, 1, 1, 2, 3]);
    let names: Vec<_> = (0..count).map(|_| pick(rng, &NAMES)).collect();
    let topic = |name: &&str| match by_id {
        true => MetadataRequestTopic::default()
            .with_name(None)
            .with_topic_id(side.topic_ids.get(*name).copied().unwrap_or(Uuid::max())),
        false => MetadataRequestTopic::default().with_name(Some(topic_name(&side.name(name)))),
    };
    let operations = version >= 8 && rng.random_bool(0.3);
    let mut request = MetadataRequest::default()
        .with_topics(Some(names.iter().map(topic).collect()))
        .with_allow_auto_topic_creation(false);
    if version >= 8 {
        request = request.with_include_topic_authorized_operations(operations);
    }
    let what = format!("{names:?} by_id={by_id} operations={operations}");
    let masks = side.masks.clone();
    let sort = |answer: &mut MetadataResponse| {
        let key = |of: &MetadataResponseTopic| {
            masks.mask(&format!("{:?} {} {}", of.name, of.topic_id, of.error_code))
        };
        answer.topics.sort_by_cached_key(key);
        for topic in &mut answer.topics {
            topic
                .partitions
                .sort_by_key(|partition| partition.partition_index);
        }
        String::new()
    };
    side.ask_with(&what, ApiKey::Metadata, version, &request, sort)
        .await;
}

pub(super) async fn partitions(side: &mut Side, rng: &mut StdRng) {
    let count = pick(rng, &[1, 1, 2, 3]);
    let names: Vec<_> = (0..count).map(|_| pick(rng, &NAMES)).collect();
    let limit = pick(rng, &[1, 2, 3, 2000, 0, -1]);
    let cursor = rng
        .random_bool(0.4)
        .then(|| (pick(rng, &NAMES), pick(rng, &[0, 1, 2, 5, -1])));
    let topic = |name: &&str| TopicRequest::default().with_name(topic_name(&side.name(name)));
    let request = DescribeTopicPartitionsRequest::default()
        .with_topics(names.iter().map(topic).collect())
        .with_response_partition_limit(limit)
        .with_cursor(cursor.map(|(name, index)| {
            Cursor::default()
                .with_topic_name(topic_name(&side.name(name)))
                .with_partition_index(index)
        }));
    let what = format!("{names:?} limit={limit} cursor={cursor:?}");
    let _: Option<DescribeTopicPartitionsResponse> = side
        .ask(&what, ApiKey::DescribeTopicPartitions, 0, &request)
        .await;
}

pub(super) async fn elect(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(0..=2);
    let (name, partition) = (pick(rng, &NAMES), pick(rng, &[0, 0, 1, 7]));
    let kind = pick(rng, &[0, 0, 1, 2]);
    let asked = TopicPartitions::default()
        .with_topic(topic_name(&side.name(name)))
        .with_partitions(vec![partition]);
    let mut request = ElectLeadersRequest::default()
        .with_topic_partitions(Some(vec![asked]))
        .with_timeout_ms(10_000);
    if version >= 1 {
        request = request.with_election_type(kind);
    }
    let what = format!("{name}-{partition} kind={kind}");
    let _: Option<ElectLeadersResponse> = side
        .ask(&what, ApiKey::ElectLeaders, version, &request)
        .await;
}

pub(super) async fn reassign(side: &mut Side, rng: &mut StdRng) {
    let (name, partition) = (pick(rng, &NAMES), pick(rng, &[0, 0, 1, 7]));
    let replicas: Option<&[i32]> = pick(
        rng,
        &[
            None,
            Some(&[1][..]),
            Some(&[9]),
            Some(&[]),
            Some(&[1, 1]),
            Some(&[-1]),
        ],
    );
    let asked = ReassignablePartition::default()
        .with_partition_index(partition)
        .with_replicas(replicas.map(|ids| ids.iter().copied().map(BrokerId).collect()));
    let topic = ReassignableTopic::default()
        .with_name(topic_name(&side.name(name)))
        .with_partitions(vec![asked]);
    let request = AlterPartitionReassignmentsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    let what = format!("{name}-{partition} {replicas:?}");
    let _: Option<AlterPartitionReassignmentsResponse> = side
        .ask(&what, ApiKey::AlterPartitionReassignments, 0, &request)
        .await;
}
