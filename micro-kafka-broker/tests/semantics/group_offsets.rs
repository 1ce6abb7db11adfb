//! Offsets that groups commit and read, request by request.

use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{
    ApiKey, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};

use crate::client::Client;
use crate::groups::{enter, group_id, sync};
use crate::kafka::{Kafka, text, topic_name};

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const OFFSET_METADATA_TOO_LARGE: i16 = 12;
const ILLEGAL_GENERATION: i16 = 22;
const UNKNOWN_MEMBER_ID: i16 = 25;
const REBALANCE_IN_PROGRESS: i16 = 27;
const GROUP_ID_NOT_FOUND: i16 = 69;

pub(crate) async fn commit(
    client: &mut Client,
    version: i16,
    group: &str,
    generation: i32,
    member: &str,
    topic: &str,
    metadata: &str,
) -> Vec<i16> {
    let partition = |index| {
        OffsetCommitRequestPartition::default()
            .with_partition_index(index)
            .with_committed_offset(40 + i64::from(index))
            .with_committed_metadata(Some(text(metadata)))
    };
    let asked = OffsetCommitRequestTopic::default()
        .with_name(topic_name(topic))
        .with_partitions(vec![partition(0), partition(1)]);
    let request = OffsetCommitRequest::default()
        .with_group_id(group_id(group))
        .with_generation_id_or_member_epoch(generation)
        .with_member_id(text(member))
        .with_topics(vec![asked]);
    let answer: OffsetCommitResponse = client.call(ApiKey::OffsetCommit, version, &request).await;
    answer.topics[0]
        .partitions
        .iter()
        .map(|p| p.error_code)
        .collect()
}

#[tokio::test]
async fn commits_are_checked() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 2, &[]).await;
    let (group, simple) = (kafka.name("g"), kafka.name("simple"));
    let client = &mut kafka.client;
    assert_eq!(
        commit(client, 7, &simple, -1, "", &topic, "note").await,
        [0, 0]
    );
    assert_eq!(
        commit(client, 7, &simple, -1, "", "no-such-topic", "").await,
        [UNKNOWN_TOPIC_OR_PARTITION; 2]
    );
    assert_eq!(
        commit(client, 7, &simple, -1, "", &topic, &"x".repeat(4097)).await,
        [OFFSET_METADATA_TOO_LARGE; 2]
    );
    assert_eq!(
        commit(client, 7, &simple, 3, "ghost", &topic, "").await,
        [UNKNOWN_MEMBER_ID; 2]
    );
    let nobody = kafka.name("nobody");
    let client = &mut kafka.client;
    assert_eq!(
        commit(client, 7, &nobody, 3, "ghost", &topic, "").await,
        [ILLEGAL_GENERATION; 2]
    );
    assert_eq!(
        commit(client, 9, &nobody, 3, "ghost", &topic, "").await,
        [GROUP_ID_NOT_FOUND; 2]
    );

    let member = enter(client, &group).await.member_id.to_string();
    assert_eq!(
        commit(client, 7, &group, 1, &member, &topic, "").await,
        [REBALANCE_IN_PROGRESS; 2]
    );
    sync(client, &group, 1, &member, None, &[]).await;
    assert_eq!(
        commit(client, 7, &group, 1, &member, &topic, "").await,
        [0, 0]
    );
    assert_eq!(
        commit(client, 7, &group, 2, &member, &topic, "").await,
        [ILLEGAL_GENERATION; 2]
    );
    assert_eq!(
        commit(client, 7, &group, 1, "ghost", &topic, "").await,
        [UNKNOWN_MEMBER_ID; 2]
    );
    assert_eq!(
        commit(client, 7, &group, -1, "", &topic, "").await,
        [UNKNOWN_MEMBER_ID; 2]
    );
    for version in 2..=9 {
        assert_eq!(
            commit(client, version, &group, 1, &member, &topic, "").await,
            [0, 0],
            "version {version}"
        );
    }
}

#[tokio::test]
async fn committed_offsets_are_read_back_and_unknown_ones_are_minus_one() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 3, &[]).await;
    let (group, nobody) = (kafka.name("g"), kafka.name("nobody"));
    let client = &mut kafka.client;
    commit(client, 7, &group, -1, "", &topic, "note").await;
    for version in 1..=7 {
        let asked = OffsetFetchRequestTopic::default()
            .with_name(topic_name(&topic))
            .with_partition_indexes(vec![0, 1, 2]);
        let request = |group: &str| {
            OffsetFetchRequest::default()
                .with_group_id(group_id(group))
                .with_topics(Some(vec![asked.clone()]))
        };
        let answer: OffsetFetchResponse = client
            .call(ApiKey::OffsetFetch, version, &request(&group))
            .await;
        let found = answer.topics[0].partitions.iter();
        let found: Vec<_> = found
            .map(|p| (p.committed_offset, p.metadata.as_deref(), p.error_code))
            .collect();
        assert_eq!(
            found,
            [
                (40, Some("note"), 0),
                (41, Some("note"), 0),
                (-1, Some(""), 0)
            ],
            "version {version}"
        );
        let answer: OffsetFetchResponse = client
            .call(ApiKey::OffsetFetch, version, &request(&nobody))
            .await;
        assert!(
            answer.topics[0]
                .partitions
                .iter()
                .all(|p| (p.committed_offset, p.error_code) == (-1, 0))
        );
        assert_eq!(answer.error_code, 0);
    }
    for version in 8..=9 {
        let asked = OffsetFetchRequestTopics::default()
            .with_name(topic_name(&topic))
            .with_partition_indexes(vec![1]);
        let of = |group: &str, topics| {
            OffsetFetchRequestGroup::default()
                .with_group_id(group_id(group))
                .with_topics(topics)
        };
        let request = OffsetFetchRequest::default().with_groups(vec![
            of(&group, Some(vec![asked])),
            of(&group, None),
            of(&nobody, None),
        ]);
        let answer: OffsetFetchResponse = client.call(ApiKey::OffsetFetch, version, &request).await;
        let count = |nth: usize| {
            answer.groups[nth]
                .topics
                .iter()
                .map(|t| t.partitions.len())
                .sum::<usize>()
        };
        assert_eq!(
            [count(0), count(1), count(2)],
            [1, 2, 0],
            "version {version}"
        );
        assert_eq!(
            answer.groups[0].topics[0].partitions[0].committed_offset,
            41
        );
        assert!(answer.groups.iter().all(|g| g.error_code == 0));
    }
}
