//! What is read, and when.

use std::time::{Duration, Instant};

use kafka_protocol::messages::fetch_request::FetchTopic;
use kafka_protocol::messages::{ApiKey, FetchRequest, FetchResponse};

use crate::batch::Batch;
use crate::client::frame;
use crate::kafka::{Kafka, fetch_partition, fetch_request};

const OFFSET_OUT_OF_RANGE: i16 = 1;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
const UNKNOWN_LEADER_EPOCH: i16 = 75;
const UNKNOWN_TOPIC_ID: i16 = 100;

fn base_offset(records: &[u8]) -> i64 {
    i64::from_be_bytes(records[..8].try_into().unwrap())
}

#[tokio::test]
async fn a_batch_comes_whole_with_its_offset_and_epoch() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let batch = Batch::of(10, 10);
    kafka.append(&topic, &batch).await;
    kafka.append(&topic, &batch).await;
    let data = kafka.fetch(&topic, 15, |f| f, |p| p).await;
    let records = data.records.unwrap();
    assert_eq!(
        (base_offset(&records), records.len()),
        (10, batch.bytes().len())
    );
    assert_eq!(records[16..], batch.bytes()[16..]);
    assert_eq!(i32::from_be_bytes(records[12..16].try_into().unwrap()), 0);
    assert_eq!(
        (
            data.high_watermark,
            data.last_stable_offset,
            data.log_start_offset
        ),
        (20, 20, 0)
    );
}

#[tokio::test]
async fn the_end_is_empty_and_beyond_it_is_out_of_range() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    kafka.append(&topic, &Batch::of(2, 10)).await;
    let end = kafka.fetch(&topic, 2, |f| f, |p| p).await;
    assert_eq!(
        (end.error_code, end.records.unwrap().len()),
        (0, 0),
        "never null"
    );
    for outside in [3, -1] {
        let data = kafka.fetch(&topic, outside, |f| f, |p| p).await;
        assert_eq!(
            (data.error_code, data.high_watermark),
            (OFFSET_OUT_OF_RANGE, -1),
            "{outside}"
        );
        assert_eq!(data.records.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn bytes_are_limited_but_one_batch_always_comes() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let size = Batch::of(1, 1000).bytes().len();
    for _ in 0..5 {
        kafka.append(&topic, &Batch::of(1, 1000)).await;
    }
    let max = |bytes: usize| i32::try_from(bytes).unwrap();
    let one = kafka
        .fetch(&topic, 0, |f| f, |p| p.with_partition_max_bytes(1))
        .await;
    assert_eq!(one.records.unwrap().len(), size);
    let one = kafka.fetch(&topic, 0, |f| f.with_max_bytes(1), |p| p).await;
    assert_eq!(one.records.unwrap().len(), size);
    let three = kafka
        .fetch(
            &topic,
            0,
            |f| f,
            |p| p.with_partition_max_bytes(max(3 * size)),
        )
        .await;
    assert_eq!(three.records.unwrap().len(), 3 * size);
    let three = kafka
        .fetch(&topic, 0, |f| f.with_max_bytes(max(3 * size)), |p| p)
        .await;
    assert_eq!(three.records.unwrap().len(), 3 * size);
}

#[tokio::test]
async fn a_second_partition_gets_what_the_first_leaves() {
    let mut kafka = Kafka::start().await;
    let (a, b) = (
        kafka.topic("a", 1, &[]).await,
        kafka.topic("b", 1, &[]).await,
    );
    let size = Batch::of(1, 1000).bytes().len();
    for topic in [&a, &b] {
        kafka.append(topic, &Batch::of(1, 1000)).await;
    }
    let mut request = fetch_request(&a, vec![fetch_partition(0)]);
    request
        .topics
        .extend(fetch_request(&b, vec![fetch_partition(0)]).topics);
    let mut lengths = Vec::new();
    for max in [size, 2 * size] {
        let request = request.clone().with_max_bytes(i32::try_from(max).unwrap());
        let answer: FetchResponse = kafka.client.call(ApiKey::Fetch, 12, &request).await;
        let data = answer
            .responses
            .iter()
            .map(|t| t.partitions[0].records.as_ref().unwrap().len());
        lengths.push(data.collect::<Vec<_>>());
    }
    assert_eq!(lengths, [[size, 0], [size, size]]);
}

#[tokio::test]
async fn a_fetch_waits_for_bytes_or_its_time() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let begun = Instant::now();
    let empty = kafka
        .fetch(
            &topic,
            0,
            |f| f.with_max_wait_ms(300).with_min_bytes(1),
            |p| p,
        )
        .await;
    assert_eq!(empty.records.unwrap().len(), 0);
    assert!(
        begun.elapsed() >= Duration::from_millis(290),
        "{:?}",
        begun.elapsed()
    );

    let size = i32::try_from(Batch::of(1, 1000).bytes().len()).unwrap();
    let waiting = fetch_request(&topic, vec![fetch_partition(0)])
        .with_max_wait_ms(20_000)
        .with_min_bytes(size + 1);
    let mut other = kafka.connect().await;
    other.send(&frame(ApiKey::Fetch, 12, 1, &waiting)).await;
    kafka.append(&topic, &Batch::of(1, 1000)).await;
    let early = tokio::time::timeout(Duration::from_millis(100), other.stream.readable()).await;
    assert!(early.is_err(), "one byte is missing");
    let begun = Instant::now();
    kafka.append(&topic, &Batch::of(1, 1000)).await;
    assert!(other.receive().await.unwrap().len() > 2 * usize::try_from(size).unwrap());
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_error_does_not_wait() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let begun = Instant::now();
    let data = kafka
        .fetch(
            &topic,
            7,
            |f| f.with_max_wait_ms(20_000).with_min_bytes(1),
            |p| p,
        )
        .await;
    assert_eq!(data.error_code, OFFSET_OUT_OF_RANGE);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn leader_epochs_are_compared() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    kafka.append(&topic, &Batch::of(1, 10)).await;
    let codes = [(-1, 0), (0, 0), (1, UNKNOWN_LEADER_EPOCH), (-2, 0)];
    for (epoch, code) in codes {
        let data = kafka
            .fetch(&topic, 0, |f| f, |p| p.with_current_leader_epoch(epoch))
            .await;
        assert_eq!(data.error_code, code, "epoch {epoch}");
    }
    let parted = kafka
        .fetch(&topic, 1, |f| f, |p| p.with_last_fetched_epoch(0))
        .await;
    assert_eq!((parted.error_code, parted.diverging_epoch.epoch), (0, -1));
}

#[tokio::test]
async fn topics_are_asked_for_by_id_from_version_13_on() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    kafka.append(&topic, &Batch::of(1, 10)).await;
    let id = kafka.topic_id(&topic).await.topic_id;
    for version in 13..=17 {
        for (id, code) in [(id, 0), (Default::default(), UNKNOWN_TOPIC_ID)] {
            let asked = FetchTopic::default()
                .with_topic_id(id)
                .with_partitions(vec![fetch_partition(0)]);
            let request = FetchRequest::default()
                .with_session_epoch(-1)
                .with_max_bytes(1 << 20)
                .with_topics(vec![asked]);
            let answer: FetchResponse = kafka.client.call(ApiKey::Fetch, version, &request).await;
            let topic = &answer.responses[0];
            assert_eq!(
                (topic.topic_id, topic.partitions[0].error_code),
                (id, code),
                "version {version}"
            );
        }
    }
    for version in 4..=12 {
        let request = fetch_request(&topic, vec![fetch_partition(0)]);
        let answer: FetchResponse = kafka.client.call(ApiKey::Fetch, version, &request).await;
        let data = &answer.responses[0].partitions[0];
        assert_eq!(
            (data.error_code, data.high_watermark),
            (0, 1),
            "version {version}"
        );
    }
    let missing = kafka.fetch("no-such-topic", 0, |f| f, |p| p).await;
    assert_eq!(missing.error_code, UNKNOWN_TOPIC_OR_PARTITION);
    let missing = kafka.fetch(&topic, 0, |f| f, |p| p.with_partition(9)).await;
    assert_eq!(missing.error_code, UNKNOWN_TOPIC_OR_PARTITION);
}

#[tokio::test]
async fn a_session_that_never_was_is_not_found() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let request = fetch_request(&topic, vec![fetch_partition(0)])
        .with_session_id(77)
        .with_session_epoch(1);
    let answer: FetchResponse = kafka.client.call(ApiKey::Fetch, 12, &request).await;
    assert_eq!(
        (answer.error_code, answer.responses.len()),
        (FETCH_SESSION_ID_NOT_FOUND, 0)
    );
}

#[tokio::test]
async fn a_deleted_topic_ends_its_fetches() {
    use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let waiting = fetch_request(&topic, vec![fetch_partition(0)])
        .with_max_wait_ms(3000)
        .with_min_bytes(1);
    let mut other = kafka.connect().await;
    other.send(&frame(ApiKey::Fetch, 12, 1, &waiting)).await;
    let request = DeleteTopicsRequest::default()
        .with_topic_names(vec![crate::kafka::topic_name(&topic)])
        .with_timeout_ms(5000);
    let deleted: DeleteTopicsResponse = kafka.client.call(ApiKey::DeleteTopics, 4, &request).await;
    assert_eq!(deleted.responses[0].error_code, 0);
    assert!(other.receive().await.is_some());
}
