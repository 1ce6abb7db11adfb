//! Records that clients delete.

use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::delete_records_response::DeleteRecordsPartitionResult;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    ApiKey, BrokerId, DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest,
    ListOffsetsResponse,
};

use crate::batch::Batch;
use crate::kafka::{Kafka, topic_name};

const OFFSET_OUT_OF_RANGE: i16 = 1;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const POLICY_VIOLATION: i16 = 44;

fn before(topic: &str, offsets: &[(i32, i64)]) -> DeleteRecordsTopic {
    let partitions = offsets.iter().map(|(index, offset)| {
        DeleteRecordsPartition::default()
            .with_partition_index(*index)
            .with_offset(*offset)
    });
    DeleteRecordsTopic::default()
        .with_name(topic_name(topic))
        .with_partitions(partitions.collect())
}

async fn delete(
    kafka: &mut Kafka,
    version: i16,
    topics: Vec<DeleteRecordsTopic>,
) -> Vec<DeleteRecordsPartitionResult> {
    let request = DeleteRecordsRequest::default()
        .with_topics(topics)
        .with_timeout_ms(10_000);
    let answer: DeleteRecordsResponse = kafka
        .client
        .call(ApiKey::DeleteRecords, version, &request)
        .await;
    let mut results: Vec<_> = answer
        .topics
        .into_iter()
        .flat_map(|t| t.partitions)
        .collect();
    results.sort_by_key(|result| result.partition_index);
    results
}

/// Error code and low watermark of a deletion in partition 0.
async fn delete_one(kafka: &mut Kafka, topic: &str, offset: i64) -> (i16, i64) {
    let results = delete(kafka, 2, vec![before(topic, &[(0, offset)])]).await;
    (results[0].error_code, results[0].low_watermark)
}

/// The offset for a timestamp, or -2 for the earliest one.
async fn offset_at(kafka: &mut Kafka, topic: &str, timestamp: i64) -> i64 {
    let partition = ListOffsetsPartition::default().with_timestamp(timestamp);
    let topic = ListOffsetsTopic::default()
        .with_name(topic_name(topic))
        .with_partitions(vec![partition]);
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![topic]);
    let answer: ListOffsetsResponse = kafka.client.call(ApiKey::ListOffsets, 7, &request).await;
    answer.topics[0].partitions[0].offset
}

#[tokio::test]
async fn deleted_records_are_out_of_range() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    for _ in 0..3 {
        kafka.append(&topic, &Batch::of(2, 10)).await;
    }
    for (version, offset) in (0..=2).zip([1, 2, 3]) {
        let results = delete(&mut kafka, version, vec![before(&topic, &[(0, offset)])]).await;
        assert_eq!(
            (results[0].error_code, results[0].low_watermark),
            (0, offset),
            "version {version}"
        );
    }
    assert_eq!(
        delete_one(&mut kafka, &topic, 1).await,
        (0, 3),
        "already gone"
    );
    assert_eq!(offset_at(&mut kafka, &topic, -2).await, 3);
    let below = kafka.fetch(&topic, 2, |f| f, |p| p).await;
    assert_eq!(below.error_code, OFFSET_OUT_OF_RANGE);
    let fetched = kafka.fetch(&topic, 3, |f| f, |p| p).await;
    assert_eq!((fetched.error_code, fetched.log_start_offset), (0, 3));
    let records = fetched.records.unwrap();
    assert_eq!(
        records[..8],
        2i64.to_be_bytes(),
        "the whole batch with offset 3"
    );
    let answer = kafka.produce(&topic, Batch::of(1, 10).bytes()).await;
    assert_eq!((answer.base_offset, answer.log_start_offset), (6, 3));
}

#[tokio::test]
async fn all_that_is_replicated_can_be_deleted_and_no_more() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    kafka.append(&topic, &Batch::of(4, 10)).await;
    assert_eq!(
        delete_one(&mut kafka, &topic, 5).await,
        (OFFSET_OUT_OF_RANGE, -1)
    );
    assert_eq!(
        delete_one(&mut kafka, &topic, -2).await,
        (OFFSET_OUT_OF_RANGE, -1)
    );
    assert_eq!(delete_one(&mut kafka, &topic, -1).await, (0, 4));
    assert_eq!(offset_at(&mut kafka, &topic, -2).await, 4);
    let fetched = kafka.fetch(&topic, 4, |f| f, |p| p).await;
    assert_eq!((fetched.error_code, fetched.high_watermark), (0, 4));
    assert_eq!(kafka.append(&topic, &Batch::of(1, 10)).await, 4);
}

#[tokio::test]
async fn a_deletion_answers_each_partition() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 2, &[]).await;
    kafka.append(&topic, &Batch::of(4, 10)).await;
    let topics = vec![before(&topic, &[(0, 1), (1, 1), (2, 0)])];
    let results = delete(&mut kafka, 2, topics).await;
    let codes: Vec<_> = results
        .iter()
        .map(|r| (r.error_code, r.low_watermark))
        .collect();
    assert_eq!(
        codes,
        [
            (0, 1),
            (OFFSET_OUT_OF_RANGE, -1),
            (UNKNOWN_TOPIC_OR_PARTITION, -1)
        ]
    );
    let unknown = delete_one(&mut kafka, "no-such-topic", 0).await;
    assert_eq!(unknown, (UNKNOWN_TOPIC_OR_PARTITION, -1));
    let twice = vec![before(&topic, &[(0, 3), (0, 2)])];
    let results = delete(&mut kafka, 1, twice).await;
    assert_eq!(
        (results.len(), results[0].low_watermark),
        (1, 2),
        "the last one counts"
    );
}

#[tokio::test]
async fn records_that_are_only_compacted_are_not_deleted() {
    let mut kafka = Kafka::start().await;
    let mut batch = Batch::of(1, 10);
    batch.values[0].0 = Some("key");
    let compacted = kafka.topic("c", 1, &[("cleanup.policy", "compact")]).await;
    kafka.append(&compacted, &batch).await;
    assert_eq!(
        delete_one(&mut kafka, &compacted, 1).await,
        (POLICY_VIOLATION, -1)
    );
    let both = kafka
        .topic("b", 1, &[("cleanup.policy", "compact,delete")])
        .await;
    kafka.append(&both, &batch).await;
    assert_eq!(delete_one(&mut kafka, &both, 1).await, (0, 1));
}

#[tokio::test]
async fn a_time_finds_no_deleted_record() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let base = Batch::of(1, 1).values[0].2 - 1000;
    let mut batch = Batch::of(3, 5);
    for (value, at) in batch.values.iter_mut().zip([30, 20, 10]) {
        value.2 = base + at;
    }
    kafka.append(&topic, &batch).await;
    kafka.append(&topic, &Batch::at(base + 25)).await;
    assert_eq!(offset_at(&mut kafka, &topic, base + 15).await, 0);
    delete_one(&mut kafka, &topic, 2).await;
    assert_eq!(offset_at(&mut kafka, &topic, base + 15).await, 3);
    assert_eq!(offset_at(&mut kafka, &topic, base).await, 2);
    assert_eq!(offset_at(&mut kafka, &topic, base + 26).await, -1);
}
