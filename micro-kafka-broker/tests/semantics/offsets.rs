//! Offsets by time and by leader epoch.

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::list_offsets_response::ListOffsetsPartitionResponse;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    ApiKey, BrokerId, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};

use crate::batch::Batch;
use crate::kafka::{Kafka, topic_name};

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const UNSUPPORTED_VERSION: i16 = 35;
const INVALID_REQUEST: i16 = 42;
const FENCED_LEADER_EPOCH: i16 = 74;
const UNKNOWN_LEADER_EPOCH: i16 = 75;

async fn list(
    kafka: &mut Kafka,
    topic: &str,
    version: i16,
    asked: ListOffsetsPartition,
) -> ListOffsetsPartitionResponse {
    let topic = ListOffsetsTopic::default()
        .with_name(topic_name(topic))
        .with_partitions(vec![asked]);
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![topic]);
    let answer: ListOffsetsResponse = kafka
        .client
        .call(ApiKey::ListOffsets, version, &request)
        .await;
    answer.topics[0].partitions[0].clone()
}

fn at(timestamp: i64) -> ListOffsetsPartition {
    ListOffsetsPartition::default().with_timestamp(timestamp)
}

#[tokio::test]
async fn offsets_are_found_by_time() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let base = Batch::of(1, 1).values[0].2 - 1000;
    let mut batch = Batch::of(3, 5);
    for (value, at) in batch.values.iter_mut().zip([10, 30, 20]) {
        value.2 = base + at;
    }
    kafka.append(&topic, &batch).await;
    kafka.append(&topic, &Batch::at(base + 25)).await;
    let cases = [
        ("latest", -1, (4, -1, 0)),
        ("earliest", -2, (0, -1, 0)),
        ("max timestamp", -3, (1, base + 30, 0)),
        ("before all", base, (0, base + 10, 0)),
        ("between", base + 11, (1, base + 30, 0)),
        ("after all", base + 31, (-1, -1, -1)),
    ];
    for (what, timestamp, expected) in cases {
        let found = list(&mut kafka, &topic, 7, at(timestamp)).await;
        assert_eq!(
            (found.offset, found.timestamp, found.leader_epoch),
            expected,
            "{what}"
        );
    }
}

#[tokio::test]
async fn an_empty_partition_has_ends_but_no_times() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    for (timestamp, offset) in [(-1, 0), (-2, 0), (-3, -1), (0, -1)] {
        let found = list(&mut kafka, &topic, 7, at(timestamp)).await;
        assert_eq!(
            (found.error_code, found.offset, found.timestamp),
            (0, offset, -1),
            "{timestamp}"
        );
    }
}

#[tokio::test]
async fn special_timestamps_need_their_version() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    kafka.append(&topic, &Batch::of(1, 1)).await;
    let cases = [
        (6, -3, UNSUPPORTED_VERSION, -1),
        (7, -4, UNSUPPORTED_VERSION, -1),
        (8, -5, UNSUPPORTED_VERSION, -1),
        (10, -6, UNSUPPORTED_VERSION, -1),
        (10, -7, UNSUPPORTED_VERSION, -1),
        (8, -4, 0, 0),
        (9, -5, 0, -1),
    ];
    for (version, timestamp, code, offset) in cases {
        let found = list(&mut kafka, &topic, version, at(timestamp)).await;
        assert_eq!(
            (found.error_code, found.offset),
            (code, offset),
            "{timestamp} in version {version}"
        );
    }
    for version in 1..=10 {
        let found = list(&mut kafka, &topic, version, at(-1)).await;
        assert_eq!(
            (found.error_code, found.offset),
            (0, 1),
            "version {version}"
        );
    }
}

#[tokio::test]
async fn unknown_partitions_and_epochs_are_refused() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let missing = list(&mut kafka, &topic, 7, at(-1).with_partition_index(5)).await;
    assert_eq!(
        (missing.error_code, missing.offset, missing.timestamp),
        (UNKNOWN_TOPIC_OR_PARTITION, -1, -1)
    );
    for (epoch, code) in [
        (-1, 0),
        (0, 0),
        (1, UNKNOWN_LEADER_EPOCH),
        (-2, FENCED_LEADER_EPOCH),
    ] {
        let found = list(
            &mut kafka,
            &topic,
            7,
            at(-1).with_current_leader_epoch(epoch),
        )
        .await;
        assert_eq!(found.error_code, code, "epoch {epoch}");
    }
}

#[tokio::test]
async fn an_open_transaction_hides_offsets_from_readers_of_committed_records() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let now = Batch::of(1, 1).values[0].2;
    kafka.append(&topic, &Batch::at(now - 1000)).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    assert_eq!(kafka.add(&producer, 3, &topic).await, 0);
    let open = producer.batch(0);
    let opened = open.values[0].2;
    kafka.send(&producer, 9, &topic, &open).await.unwrap();
    let mut find = async |isolation: i8, timestamp: i64| {
        let asked = ListOffsetsTopic::default()
            .with_name(topic_name(&topic))
            .with_partitions(vec![at(timestamp)]);
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_isolation_level(isolation)
            .with_topics(vec![asked]);
        let answer: ListOffsetsResponse = kafka.client.call(ApiKey::ListOffsets, 7, &request).await;
        let found = &answer.topics[0].partitions[0];
        assert_eq!(found.error_code, 0);
        (found.offset, found.timestamp)
    };
    let nothing = (-1, -1);
    let first = (0, now - 1000);
    for (timestamp, uncommitted, committed) in [
        (-1, (2, -1), (1, -1)),
        (-2, (0, -1), (0, -1)),
        (-3, (1, opened), nothing),
        (now - 1000, first, first),
        (now - 999, (1, opened), nothing),
    ] {
        assert_eq!(find(0, timestamp).await, uncommitted, "{timestamp}");
        assert_eq!(find(1, timestamp).await, committed, "{timestamp}");
    }
}

#[tokio::test]
async fn a_partition_that_is_named_twice_is_refused_once() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 2, &[]).await;
    let asked = [(0, -1), (1, -1), (0, -2)];
    let asked = asked.map(|(index, time)| at(time).with_partition_index(index));
    let asked = ListOffsetsTopic::default()
        .with_name(topic_name(&topic))
        .with_partitions(asked.to_vec());
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![asked]);
    let answer: ListOffsetsResponse = kafka.client.call(ApiKey::ListOffsets, 7, &request).await;
    let mut codes: Vec<_> = answer.topics[0]
        .partitions
        .iter()
        .map(|p| (p.partition_index, p.error_code))
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [(0, INVALID_REQUEST), (1, 0)]);
}

#[tokio::test]
async fn a_leader_epoch_ends_at_the_end_of_the_log() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    kafka.append(&topic, &Batch::of(3, 1)).await;
    let cases = [
        (0, 0, (0, 0, 3)),
        (1, 0, (0, -1, -1)),
        (0, 1, (UNKNOWN_LEADER_EPOCH, -1, -1)),
        (-1, -1, (0, -1, -1)),
    ];
    for (version, (epoch, current, expected)) in (2..=4).cycle().zip(cases) {
        let asked = OffsetForLeaderPartition::default()
            .with_leader_epoch(epoch)
            .with_current_leader_epoch(current);
        let asked = OffsetForLeaderTopic::default()
            .with_topic(topic_name(&topic))
            .with_partitions(vec![asked]);
        let request = OffsetForLeaderEpochRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(vec![asked].into_iter().collect());
        let answer: OffsetForLeaderEpochResponse = kafka
            .client
            .call(ApiKey::OffsetForLeaderEpoch, version, &request)
            .await;
        let end = &answer.topics[0].partitions[0];
        assert_eq!(
            (end.error_code, end.leader_epoch, end.end_offset),
            expected,
            "epoch {epoch} at {current}"
        );
    }
}
