//! What becomes of old records without anybody asking.

use std::time::UNIX_EPOCH;

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, CreateTopicsRequest, CreateTopicsResponse, FetchRequest, FetchResponse, ProduceRequest,
    ProduceResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::RecordBatchDecoder;
use micro_kafka_broker::Broker;

use crate::batch::Batch;
use crate::client::Client;

const OFFSET_OUT_OF_RANGE: i16 = 1;

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A broker that looks often, with one topic, `t`.
async fn start(configs: &[(&str, &str)]) -> (Broker, Client) {
    let builder = Broker::builder()
        .config("log.initial.task.delay.ms", "1")
        .config("log.retention.check.interval.ms", "10")
        .config("log.cleaner.backoff.ms", "10");
    let broker = builder.start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    let configs = configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default()
            .with_name(text(name))
            .with_value(Some(text(value)))
    });
    let topic = CreatableTopic::default()
        .with_name(TopicName(text("t")))
        .with_num_partitions(1)
        .with_replication_factor(1)
        .with_configs(configs.collect());
    let request = CreateTopicsRequest::default().with_topics(vec![topic]);
    let created: CreateTopicsResponse = client.call(ApiKey::CreateTopics, 5, &request).await;
    assert_eq!(created.topics[0].error_code, 0);
    (broker, client)
}

async fn produce(client: &mut Client, records: Bytes) -> i64 {
    let data = PartitionProduceData::default().with_records(Some(records));
    let data = TopicProduceData::default()
        .with_name(TopicName(text("t")))
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_acks(-1)
        .with_topic_data(vec![data]);
    let answer: ProduceResponse = client.call(ApiKey::Produce, 9, &request).await;
    let partition = &answer.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, 0);
    partition.base_offset
}

async fn fetch(client: &mut Client, offset: i64) -> PartitionData {
    let partition = FetchPartition::default()
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(TopicName(text("t")))
        .with_partitions(vec![partition]);
    let request = FetchRequest::default()
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    let answer: FetchResponse = client.call(ApiKey::Fetch, 12, &request).await;
    answer.responses[0].partitions[0].clone()
}

/// All records from an offset on, as offset, key and whether there is a value.
async fn read(client: &mut Client, mut offset: i64) -> Vec<(i64, String, bool)> {
    let mut records = Vec::new();
    loop {
        let fetched = fetch(client, offset).await;
        assert_eq!((fetched.error_code, fetched.log_start_offset), (0, 0));
        let mut bytes = fetched.records.unwrap();
        if bytes.is_empty() {
            return records;
        }
        while !bytes.is_empty() {
            let base = i64::from_be_bytes(bytes[..8].try_into().unwrap());
            let last = i32::from_be_bytes(bytes[23..27].try_into().unwrap());
            offset = base + i64::from(last) + 1;
            let length = i32::from_be_bytes(bytes[8..12].try_into().unwrap());
            let mut batch = bytes.split_to(usize::try_from(length).unwrap() + 12);
            let decoded = RecordBatchDecoder::decode(&mut batch).unwrap();
            records.extend(decoded.records.into_iter().map(|record| {
                let key = String::from_utf8(record.key.unwrap().to_vec()).unwrap();
                (record.offset, key, record.value.is_some())
            }));
        }
    }
}

fn now() -> i64 {
    i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

/// A keyed record at a time; without a value it deletes the key.
fn keyed(key: &'static str, has_value: bool, at: i64) -> Bytes {
    let mut batch = Batch::at(at);
    batch.values[0].0 = Some(key);
    match has_value {
        true => batch.bytes(),
        false => batch.tombstones(),
    }
}

#[tokio::test]
async fn old_segments_expire() {
    let (_broker, mut client) = start(&[("retention.ms", "3600000"), ("segment.ms", "1")]).await;
    for age in [9_000_000, 8_000_000, 0] {
        produce(&mut client, Batch::at(now() - age).bytes()).await;
    }
    while fetch(&mut client, 0).await.error_code != OFFSET_OUT_OF_RANGE {
        tokio::task::yield_now().await;
    }
    let fetched = fetch(&mut client, 2).await;
    assert_eq!((fetched.error_code, fetched.log_start_offset), (0, 2));
    assert_eq!(produce(&mut client, Batch::at(now()).bytes()).await, 3);
}

#[tokio::test]
async fn a_log_shrinks_to_its_limit() {
    let limits = [("retention.bytes", "150"), ("segment.ms", "1")];
    let (_broker, mut client) = start(&limits).await;
    let begun = now() - 100_000;
    for i in 0..5 {
        produce(&mut client, Batch::at(begun + i * 1000).bytes()).await;
    }
    // Batches of 73 bytes: two of them stay below the limit, three do not.
    while fetch(&mut client, 4).await.log_start_offset < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fetch(&mut client, 4).await.log_start_offset, 2);
}

#[tokio::test]
async fn a_compacted_topic_keeps_the_last_record_of_each_key() {
    let configs = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "1"),
        ("min.cleanable.dirty.ratio", "0"),
    ];
    let (_broker, mut client) = start(&configs).await;
    let begun = now() - 100_000;
    let writes = [
        ("a", true),
        ("b", true),
        ("a", true),
        ("b", false),
        ("c", true),
    ];
    for (i, (key, has_value)) in (0..).zip(writes) {
        produce(&mut client, keyed(key, has_value, begun + i * 1000)).await;
    }
    let kept = [
        (2, "a".to_owned(), true),
        (3, "b".to_owned(), false),
        (4, "c".to_owned(), true),
    ];
    while read(&mut client, 0).await != kept {
        tokio::task::yield_now().await;
    }
    // A reader may begin anywhere, and the log still begins at 0.
    assert_eq!(read(&mut client, 1).await, kept);
    assert_eq!(produce(&mut client, keyed("a", true, now())).await, 5);
}

#[tokio::test]
async fn a_tombstone_goes_after_its_retention() {
    let configs = [
        ("cleanup.policy", "compact,delete"),
        ("segment.ms", "1"),
        ("min.cleanable.dirty.ratio", "0"),
        ("delete.retention.ms", "1"),
    ];
    let (_broker, mut client) = start(&configs).await;
    let begun = now() - 100_000;
    produce(&mut client, keyed("a", true, begun)).await;
    produce(&mut client, keyed("a", false, begun + 1000)).await;
    let mut at = begun + 2000;
    loop {
        // Every record makes the one before it dirty.
        produce(&mut client, keyed("b", true, at)).await;
        at += 10;
        if read(&mut client, 0)
            .await
            .iter()
            .all(|(_, key, _)| key == "b")
        {
            break;
        }
    }
}
