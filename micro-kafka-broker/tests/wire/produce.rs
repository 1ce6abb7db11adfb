//! Produce and Fetch as they are on the wire: who is answered, and when.

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, FetchRequest, FetchResponse, ProduceRequest, ProduceResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, Record,
    RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use micro_kafka_broker::Broker;

use crate::client::{API_VERSIONS_0, Client, frame};

pub(crate) fn batch(values: &[&str]) -> Bytes {
    let records: Vec<Record> = (0..)
        .zip(values)
        .map(|(offset, value)| Record {
            transactional: false,
            control: false,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            timestamp_type: TimestampType::Creation,
            offset,
            sequence: NO_SEQUENCE + i32::try_from(offset).unwrap(),
            timestamp: 1000,
            delete_horizon: false,
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Default::default(),
        })
        .collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
    bytes.freeze()
}

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}

pub(crate) fn produce(topic: &str, acks: i16, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_records(Some(records));
    let topic = TopicProduceData::default()
        .with_name(name(topic))
        .with_partition_data(vec![partition]);
    ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(1000)
        .with_topic_data(vec![topic])
}

pub(crate) fn fetch(topic: &str, offset: i64, wait: i32) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(name(topic))
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_max_wait_ms(wait)
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_topics(vec![topic])
}

async fn start() -> (Broker, Client) {
    let broker = Broker::builder().topic("orders", 1).start().await.unwrap();
    let client = Client::connect(&broker.bootstrap_servers()).await;
    (broker, client)
}

#[tokio::test]
async fn a_batch_comes_back_with_its_offset_patched_and_nothing_else_changed() {
    let (_broker, mut client) = start().await;
    let sent = batch(&["a", "b", "c"]);
    for base in [0, 3] {
        let request = produce("orders", -1, sent.clone());
        let answer: ProduceResponse = client.call(ApiKey::Produce, 9, &request).await;
        let partition = &answer.responses[0].partition_responses[0];
        assert_eq!((partition.error_code, partition.base_offset), (0, base));
    }
    let request = fetch("orders", 4, 0);
    let answer: FetchResponse = client.call(ApiKey::Fetch, 12, &request).await;
    let partition = &answer.responses[0].partitions[0];
    assert_eq!((partition.error_code, partition.high_watermark), (0, 6));
    let mut records = partition.records.clone().unwrap();
    assert_eq!(
        records.len(),
        sent.len(),
        "the whole batch that holds offset 4"
    );
    assert_eq!(records.get_i64(), 3);
    records.advance(8);
    assert_eq!(
        records,
        sent[16..],
        "all behind offset, length and leader epoch as it came"
    );
}

#[tokio::test]
async fn without_acks_there_is_no_answer_and_an_error_closes_the_connection() {
    let (broker, mut client) = start().await;
    let good = produce("orders", 0, batch(&["a"]));
    client.send(&frame(ApiKey::Produce, 9, 41, &good)).await;
    client.send(&API_VERSIONS_0).await;
    let mut answer = client.receive().await.unwrap();
    assert_eq!(
        answer.get_i32(),
        7,
        "the answer to ApiVersions, not to Produce"
    );
    let request = fetch("orders", 0, 0);
    let answer: FetchResponse = client.call(ApiKey::Fetch, 12, &request).await;
    assert_eq!(answer.responses[0].partitions[0].high_watermark, 1);

    let bad = produce("nowhere", 0, batch(&["a"]));
    client.send(&frame(ApiKey::Produce, 9, 42, &bad)).await;
    assert!(client.receive().await.is_none());
    assert!(crate::client::answers(&broker.bootstrap_servers()).await);
}

#[tokio::test]
async fn produce_is_told_from_version_0_but_served_from_3() {
    let (_broker, mut client) = start().await;
    client.send(&API_VERSIONS_0).await;
    let mut answer = client.receive().await.unwrap();
    answer.advance(10);
    let first: Vec<i16> = (0..3).map(|_| answer.get_i16()).collect();
    assert_eq!(first, [0, 0, 13]);
    // Produce version 2: acks 1, timeout 1,000 ms, no topics.
    let old = [
        0, 0, 0, 21, 0, 0, 0, 2, 0, 0, 0, 9, 0, 1, b'x', 0, 1, 0, 0, 3, 0xe8, 0, 0, 0, 0,
    ];
    client.send(&old).await;
    assert!(client.receive().await.is_none());
}

#[tokio::test]
async fn a_fetch_that_waits_holds_back_its_own_connection_only() {
    let (broker, mut waiting) = start().await;
    let wait = Duration::from_secs(3);
    let begun = Instant::now();
    waiting
        .send(&frame(ApiKey::Fetch, 12, 1, &fetch("orders", 0, 3_000)))
        .await;
    waiting.send(&API_VERSIONS_0).await;
    assert!(crate::client::answers(&broker.bootstrap_servers()).await);
    assert!(begun.elapsed() < wait, "another connection does not wait");
    let order: Vec<i32> = [waiting.receive().await, waiting.receive().await]
        .into_iter()
        .map(|answer| answer.unwrap().get_i32())
        .collect();
    assert_eq!(order, [1, 7]);
    assert!(begun.elapsed() >= wait, "an empty fetch waits");
}

#[tokio::test]
async fn a_waiting_fetch_ends_with_the_record_and_with_its_connection() {
    let (broker, mut waiting) = start().await;
    let hour = 3_600_000;
    let request = frame(ApiKey::Fetch, 12, 1, &fetch("orders", 0, hour));
    waiting.send(&request).await;
    let mut gone = Client::connect(&broker.bootstrap_servers()).await;
    gone.send(&request).await;
    drop(gone);
    let mut producer = Client::connect(&broker.bootstrap_servers()).await;
    let record = produce("orders", 1, batch(&["a"]));
    let _: ProduceResponse = producer.call(ApiKey::Produce, 9, &record).await;
    assert_eq!(waiting.receive().await.unwrap().get_i32(), 1);
    waiting
        .send(&frame(ApiKey::Fetch, 12, 2, &fetch("orders", 1, hour)))
        .await;
    broker.stop().await;
    assert!(waiting.receive().await.is_none(), "a stop ends what waits");
}
