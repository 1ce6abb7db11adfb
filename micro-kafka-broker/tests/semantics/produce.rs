//! What is appended and what is refused.

use bytes::Bytes;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse,
};

use crate::batch::Batch;
use crate::kafka::{Kafka, produce_request};

const CORRUPT_MESSAGE: i16 = 2;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const MESSAGE_TOO_LARGE: i16 = 10;
/// Apache Kafka fetches ids in blocks, and says so meanwhile.
const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
const INVALID_REQUIRED_ACKS: i16 = 21;
const INVALID_TIMESTAMP: i16 = 32;
const OUT_OF_ORDER_SEQUENCE_NUMBER: i16 = 45;
const INVALID_PRODUCER_EPOCH: i16 = 47;
const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: i16 = 53;
const UNSUPPORTED_COMPRESSION_TYPE: i16 = 76;
const INVALID_RECORD: i16 = 87;
const UNKNOWN_TOPIC_ID: i16 = 100;

#[tokio::test]
async fn offsets_count_records() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    assert_eq!(kafka.append(&topic, &Batch::of(3, 10)).await, 0);
    let answer = kafka.produce(&topic, Batch::of(2, 10).bytes()).await;
    assert_eq!(
        (
            answer.base_offset,
            answer.log_append_time_ms,
            answer.log_start_offset
        ),
        (3, -1, 0)
    );
}

#[tokio::test]
async fn every_version_appends() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    for (offset, version) in (0..).zip(3..=12) {
        let answer = kafka
            .produce_as(&topic, version, 1, Some(Batch::of(1, 10).bytes()))
            .await;
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (0, offset),
            "version {version}"
        );
    }
    let id = kafka.topic_id(&topic).await.topic_id;
    let request = |id| {
        let data = PartitionProduceData::default().with_records(Some(Batch::of(1, 10).bytes()));
        let data = TopicProduceData::default()
            .with_topic_id(id)
            .with_partition_data(vec![data]);
        ProduceRequest::default()
            .with_acks(1)
            .with_timeout_ms(1000)
            .with_topic_data(vec![data])
    };
    let answer: ProduceResponse = kafka.client.call(ApiKey::Produce, 13, &request(id)).await;
    let partition = &answer.responses[0].partition_responses[0];
    assert_eq!((partition.error_code, partition.base_offset), (0, 10));
    let unknown = request(Default::default());
    let answer: ProduceResponse = kafka.client.call(ApiKey::Produce, 13, &unknown).await;
    assert_eq!(
        answer.responses[0].partition_responses[0].error_code,
        UNKNOWN_TOPIC_ID
    );
}

/// What is wrong, the bytes, and the code that answers them.
fn bad_batches() -> Vec<(&'static str, Bytes, i16)> {
    let good = || Batch::of(2, 10);
    let with = |change: fn(&mut Batch)| {
        let mut batch = good();
        change(&mut batch);
        batch.bytes()
    };
    let no_records = with(|batch| {
        batch.count = Some(0);
        batch.last_offset_delta = Some(-1);
    });
    let transaction = with(|batch| {
        batch.attributes = 0x10;
        batch.producer = (5, 0, 0);
    });
    let cut = good().bytes().slice(..good().bytes().len() - 1);
    vec![
        ("crc", with(|batch| batch.crc = Some(1)), CORRUPT_MESSAGE),
        (
            "control",
            with(|batch| batch.attributes = 0x20),
            INVALID_RECORD,
        ),
        ("count", with(|batch| batch.count = Some(3)), INVALID_RECORD),
        ("no records", no_records, INVALID_RECORD),
        (
            "last offset",
            with(|batch| batch.last_offset_delta = Some(5)),
            INVALID_RECORD,
        ),
        ("magic 1", with(|batch| batch.magic = 1), INVALID_RECORD),
        ("magic 3", with(|batch| batch.magic = 3), CORRUPT_MESSAGE),
        (
            "no sequence",
            with(|batch| batch.producer = (5, 0, -1)),
            INVALID_RECORD,
        ),
        ("cut", cut, INVALID_RECORD),
        ("empty", Bytes::new(), INVALID_RECORD),
        (
            "transaction",
            transaction,
            TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        ),
    ]
}

#[tokio::test]
async fn bad_batches_are_refused() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let mut wrong = Vec::new();
    for (what, records, code) in bad_batches() {
        let answer = kafka.produce(&topic, records).await;
        if (answer.error_code, answer.base_offset) != (code, -1) {
            wrong.push(format!(
                "{what}: {} {:?}",
                answer.error_code, answer.error_message
            ));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(
        kafka.append(&topic, &Batch::of(2, 10)).await,
        0,
        "nothing was appended"
    );
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let records = || Some(Batch::of(1, 10).bytes());
    let answer = kafka.produce_as(&topic, 9, 2, records()).await;
    assert_eq!(answer.error_code, INVALID_REQUIRED_ACKS);
    let answer = kafka.produce_as("no-such-topic", 9, 1, records()).await;
    assert_eq!(answer.error_code, UNKNOWN_TOPIC_OR_PARTITION);
    let zstd = Batch {
        attributes: 4,
        ..Batch::of(1, 10)
    }
    .bytes();
    let answer = kafka.produce_as(&topic, 6, 1, Some(zstd)).await;
    assert_eq!(answer.error_code, UNSUPPORTED_COMPRESSION_TYPE);
}

#[tokio::test]
async fn the_topics_limits_are_kept() {
    let mut kafka = Kafka::start().await;
    let topic = kafka
        .topic("small", 1, &[("max.message.bytes", "1000")])
        .await;
    let answer = kafka.produce(&topic, Batch::of(1, 1000).bytes()).await;
    assert_eq!(answer.error_code, MESSAGE_TOO_LARGE);
    kafka.append(&topic, &Batch::of(1, 900)).await;

    let now = Batch::of(1, 1).values[0].2;
    let answer = kafka
        .produce(&topic, Batch::at(now + 7_200_000).bytes())
        .await;
    assert_eq!(answer.error_code, INVALID_TIMESTAMP);

    let compacted = kafka
        .topic("compacted", 1, &[("cleanup.policy", "compact")])
        .await;
    let mut batch = Batch::of(3, 10);
    batch.values[1].0 = Some("key");
    let answer = kafka.produce(&compacted, batch.bytes()).await;
    let indexes: Vec<_> = answer.record_errors.iter().map(|e| e.batch_index).collect();
    assert_eq!((answer.error_code, indexes), (INVALID_RECORD, vec![0, 2]));
    batch.values[0].0 = Some("a");
    batch.values[2].0 = Some("c");
    kafka.append(&compacted, &batch).await;
}

#[tokio::test]
async fn the_append_time_is_told_and_stored() {
    let mut kafka = Kafka::start().await;
    let topic = kafka
        .topic("t", 1, &[("message.timestamp.type", "LogAppendTime")])
        .await;
    let answer = kafka.produce(&topic, Batch::at(1).bytes()).await;
    assert!(answer.log_append_time_ms > 1_600_000_000_000);
    let records = kafka.fetch(&topic, 0, |f| f, |p| p).await.records.unwrap();
    let max = i64::from_be_bytes(records[35..43].try_into().unwrap());
    assert_eq!(max, answer.log_append_time_ms);
    assert_eq!(records[22] & 0x08, 0x08);
}

async fn producer_id(kafka: &mut Kafka) -> i64 {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(60_000);
    loop {
        let answer: InitProducerIdResponse =
            kafka.client.call(ApiKey::InitProducerId, 4, &request).await;
        if answer.error_code == COORDINATOR_LOAD_IN_PROGRESS {
            tokio::task::yield_now().await;
            continue;
        }
        assert_eq!((answer.error_code, answer.producer_epoch), (0, 0));
        return answer.producer_id.0;
    }
}

#[tokio::test]
async fn a_retry_is_answered_with_the_original_offset() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let id = producer_id(&mut kafka).await;
    assert_ne!(producer_id(&mut kafka).await, id);
    let batch = |sequence| Batch::of(2, 10).producer(id, 0, sequence);
    for sequence in [0, 2, 4, 6, 8, 10] {
        assert_eq!(
            kafka.append(&topic, &batch(sequence)).await,
            i64::from(sequence)
        );
    }
    for sequence in [2, 4, 6, 8, 10] {
        assert_eq!(
            kafka.append(&topic, &batch(sequence)).await,
            i64::from(sequence)
        );
    }
    for gap in [0, 13, 11] {
        let answer = kafka.produce(&topic, batch(gap).bytes()).await;
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (OUT_OF_ORDER_SEQUENCE_NUMBER, -1),
            "{gap}"
        );
    }
    assert_eq!(kafka.append(&topic, &batch(12)).await, 12);
}

#[tokio::test]
async fn sequences_wrap_and_epochs_fence() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let id = producer_id(&mut kafka).await;
    let batch = |epoch, sequence| Batch::of(2, 10).producer(id, epoch, sequence);
    assert_eq!(
        kafka.append(&topic, &batch(0, i32::MAX)).await,
        0,
        "unknown: any sequence"
    );
    assert_eq!(kafka.append(&topic, &batch(0, 1)).await, 2);
    let answer = kafka.produce(&topic, batch(1, 3).bytes()).await;
    assert_eq!(answer.error_code, OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(kafka.append(&topic, &batch(1, 0)).await, 4);
    let answer = kafka.produce(&topic, batch(0, 3).bytes()).await;
    assert_eq!(answer.error_code, INVALID_PRODUCER_EPOCH);
}

#[tokio::test]
async fn acks_0_is_never_answered_and_closes_on_an_error() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let mut other = kafka.connect().await;
    let good = produce_request(&topic, 0, Some(Batch::of(1, 10).bytes()));
    other
        .send(&crate::client::frame(ApiKey::Produce, 9, 1, &good))
        .await;
    let version: kafka_protocol::messages::ApiVersionsResponse = other
        .call(
            ApiKey::ApiVersions,
            0,
            &kafka_protocol::messages::ApiVersionsRequest::default(),
        )
        .await;
    assert_eq!(
        version.error_code, 0,
        "the next answer belongs to the next request"
    );
    let bad = produce_request("no-such-topic", 0, Some(Batch::of(1, 10).bytes()));
    other
        .send(&crate::client::frame(ApiKey::Produce, 9, 1, &bad))
        .await;
    assert_eq!(other.receive().await, None);
    assert_eq!(kafka.append(&topic, &Batch::of(1, 10)).await, 1);
}
