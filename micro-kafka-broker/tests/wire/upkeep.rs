//! What becomes of old records without anybody asking.
//!
//! With `MICRO_KAFKA_UPKEEP=HOST:PORT` the tests run on the Kafka there, which must look as often:
//! `log.initial.task.delay.ms`, `log.retention.check.interval.ms` and `log.cleaner.backoff.ms` of
//! some milliseconds.

use std::time::UNIX_EPOCH;

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreateTopicsRequest, CreateTopicsResponse, FetchRequest, FetchResponse,
    ProduceRequest, ProduceResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::RecordBatchDecoder;
use micro_kafka_broker::Broker;
use rand::RngExt;

use crate::batch::Batch;
use crate::client::Client;

const OFFSET_OUT_OF_RANGE: i16 = 1;

/// A topic of which every record is a segment.
pub(crate) const COMPACTED: [(&str, &str); 3] = [
    ("cleanup.policy", "compact"),
    ("segment.ms", "1"),
    ("min.cleanable.dirty.ratio", "0"),
];

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A topic of a broker that looks often.
pub(crate) struct Upkeep {
    _broker: Option<Broker>,
    pub(crate) client: Client,
    pub(crate) topic: TopicName,
}

impl Upkeep {
    pub(crate) async fn start(configs: &[(&str, &str)]) -> Self {
        let (broker, address) = match std::env::var("MICRO_KAFKA_UPKEEP") {
            Ok(address) => (None, address),
            Err(_) => {
                let builder = Broker::builder()
                    .config("log.initial.task.delay.ms", "1")
                    .config("log.retention.check.interval.ms", "10")
                    .config("log.cleaner.backoff.ms", "10");
                let broker = builder.start().await.unwrap();
                let address = broker.bootstrap_servers();
                (Some(broker), address)
            }
        };
        let mut upkeep = Self {
            _broker: broker,
            client: Client::connect(&address).await,
            topic: TopicName(text(&format!("u{:08x}", rand::rng().random::<u32>()))),
        };
        upkeep.create(configs).await;
        upkeep
    }

    async fn create(&mut self, configs: &[(&str, &str)]) {
        let configs = configs.iter().map(|(name, value)| {
            CreatableTopicConfig::default()
                .with_name(text(name))
                .with_value(Some(text(value)))
        });
        let topic = CreatableTopic::default()
            .with_name(self.topic.clone())
            .with_num_partitions(1)
            .with_replication_factor(1)
            .with_configs(configs.collect());
        let request = CreateTopicsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(10_000);
        let created: CreateTopicsResponse =
            self.client.call(ApiKey::CreateTopics, 5, &request).await;
        assert_eq!(created.topics[0].error_code, 0);
        // Apache Kafka's broker leads a new partition a moment after it was created.
        while self.fetch(0).await.error_code != 0 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn produce(&mut self, records: Bytes) -> i64 {
        let data = PartitionProduceData::default().with_records(Some(records));
        let data = TopicProduceData::default()
            .with_name(self.topic.clone())
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(10_000)
            .with_topic_data(vec![data]);
        let answer: ProduceResponse = self.client.call(ApiKey::Produce, 9, &request).await;
        let partition = &answer.responses[0].partition_responses[0];
        assert_eq!(partition.error_code, 0);
        partition.base_offset
    }

    async fn fetch(&mut self, offset: i64) -> PartitionData {
        let partition = FetchPartition::default()
            .with_fetch_offset(offset)
            .with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default()
            .with_topic(self.topic.clone())
            .with_partitions(vec![partition]);
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_bytes(1 << 20)
            .with_session_epoch(-1)
            .with_topics(vec![topic]);
        let answer: FetchResponse = self.client.call(ApiKey::Fetch, 12, &request).await;
        answer.responses[0].partitions[0].clone()
    }

    /// All batches from an offset on.
    pub(crate) async fn batches(&mut self, mut offset: i64) -> Vec<Bytes> {
        let mut batches = Vec::new();
        loop {
            let fetched = self.fetch(offset).await;
            assert_eq!((fetched.error_code, fetched.log_start_offset), (0, 0));
            let mut bytes = fetched.records.unwrap();
            if bytes.is_empty() {
                return batches;
            }
            while !bytes.is_empty() {
                let base = i64::from_be_bytes(bytes[..8].try_into().unwrap());
                let last = i32::from_be_bytes(bytes[23..27].try_into().unwrap());
                offset = base + i64::from(last) + 1;
                let length = i32::from_be_bytes(bytes[8..12].try_into().unwrap());
                batches.push(bytes.split_to(usize::try_from(length).unwrap() + 12));
            }
        }
    }

    /// All records from an offset on, as offset, key and whether there is a value.
    pub(crate) async fn read(&mut self, offset: i64) -> Vec<(i64, String, bool)> {
        let mut records = Vec::new();
        for mut batch in self.batches(offset).await {
            let decoded = RecordBatchDecoder::decode(&mut batch).unwrap();
            records.extend(decoded.records.into_iter().map(|record| {
                let key = String::from_utf8(record.key.unwrap().to_vec()).unwrap();
                (record.offset, key, record.value.is_some())
            }));
        }
        records
    }
}

pub(crate) fn now() -> i64 {
    i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

/// A keyed record at a time; without a value it deletes the key.
pub(crate) fn keyed(key: &'static str, has_value: bool, at: i64) -> Bytes {
    let mut batch = Batch::at(at);
    batch.values[0].0 = Some(key);
    match has_value {
        true => batch.bytes(),
        false => batch.tombstones(),
    }
}

#[tokio::test]
async fn old_segments_expire() {
    let mut kafka = Upkeep::start(&[("retention.ms", "3600000"), ("segment.ms", "1")]).await;
    for age in [9_000_000, 8_000_000, 0] {
        kafka.produce(Batch::at(now() - age).bytes()).await;
    }
    while kafka.fetch(0).await.error_code != OFFSET_OUT_OF_RANGE
        || kafka.fetch(2).await.log_start_offset != 2
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(kafka.fetch(2).await.error_code, 0);
    assert_eq!(kafka.produce(Batch::at(now()).bytes()).await, 3);
}

#[tokio::test]
async fn a_log_shrinks_to_its_limit() {
    let mut kafka = Upkeep::start(&[("retention.bytes", "150"), ("segment.ms", "1")]).await;
    let begun = now() - 100_000;
    for i in 0..5 {
        kafka.produce(Batch::at(begun + i * 1000).bytes()).await;
    }
    // Of batches of 73 bytes two are less than the limit and three are not: the oldest goes only
    // as long as the limit is reached without it.
    while kafka.fetch(4).await.log_start_offset < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(kafka.fetch(4).await.log_start_offset, 2);
}

#[tokio::test]
async fn a_compacted_topic_keeps_the_last_record_of_each_key() {
    let mut kafka = Upkeep::start(&COMPACTED).await;
    let begun = now() - 100_000;
    let writes = [
        ("a", true),
        ("b", true),
        ("a", true),
        ("b", false),
        ("c", true),
    ];
    for (i, (key, has_value)) in (0..).zip(writes) {
        kafka.produce(keyed(key, has_value, begun + i * 1000)).await;
    }
    let kept = [
        (2, "a".to_owned(), true),
        (3, "b".to_owned(), false),
        (4, "c".to_owned(), true),
    ];
    while kafka.read(0).await != kept {
        tokio::task::yield_now().await;
    }
    // A reader may begin anywhere, and the log still begins at 0.
    assert_eq!(kafka.read(1).await, kept);
    assert_eq!(kafka.produce(keyed("a", true, now())).await, 5);
}

#[tokio::test]
async fn a_tombstones_end_is_in_its_batch() {
    let mut kafka = Upkeep::start(&COMPACTED).await;
    let begun = now() - 100_000;
    kafka.produce(keyed("a", true, begun)).await;
    kafka.produce(keyed("a", false, begun + 1000)).await;
    kafka.produce(keyed("b", true, begun + 2000)).await;
    while kafka.read(0).await.len() != 2 {
        tokio::task::yield_now().await;
    }
    let batches = kafka.batches(0).await;
    let attributes = batches[0][22];
    assert_eq!(attributes, 0x40, "the flag of the delete horizon alone");
    let horizon = i64::from_be_bytes(batches[0][27..35].try_into().unwrap());
    let day = 24 * 3_600_000;
    assert!((now() + day - 60_000..=now() + day).contains(&horizon));
    let max = i64::from_be_bytes(batches[0][35..43].try_into().unwrap());
    assert_eq!(max, begun + 1000);
    let decoded = RecordBatchDecoder::decode(&mut batches[0].clone()).unwrap();
    assert_eq!(decoded.records[0].timestamp, begun + 1000);
}

#[tokio::test]
async fn a_producers_last_batch_is_left_without_records() {
    let mut kafka = Upkeep::start(&COMPACTED).await;
    let begun = now() - 100_000;
    let by = |sequence, key, at| {
        let mut batch = Batch::at(at).producer(77, 0, sequence);
        batch.values[0].0 = Some(key);
        batch.bytes()
    };
    kafka.produce(by(0, "a", begun)).await;
    kafka.produce(by(1, "a", begun + 1000)).await;
    kafka.produce(keyed("a", true, begun + 2000)).await;
    kafka.produce(keyed("b", true, begun + 3000)).await;
    while kafka.read(0).await.len() != 2 {
        tokio::task::yield_now().await;
    }
    let batches = kafka.batches(0).await;
    let sizes: Vec<_> = batches.iter().map(Bytes::len).collect();
    assert_eq!(sizes.len(), 3);
    assert_eq!(sizes[0], 61, "a header alone");
    let header = &batches[0];
    assert_eq!(header[..8], 1i64.to_be_bytes());
    assert_eq!(header[21..23], [0, 0], "attributes");
    assert_eq!(header[27..35], (-1i64).to_be_bytes(), "base timestamp");
    assert_eq!(
        header[35..43],
        (begun + 1000).to_be_bytes(),
        "largest timestamp"
    );
    assert_eq!(header[43..51], 77i64.to_be_bytes());
    assert_eq!(header[53..57], 1i32.to_be_bytes(), "sequence");
    assert_eq!(header[57..61], [0; 4], "records");
    // The producer goes on where it was.
    assert_eq!(kafka.produce(by(2, "a", now())).await, 4);
}

#[tokio::test]
async fn packed_records_are_packed_again() {
    let mut kafka = Upkeep::start(&COMPACTED).await;
    let begun = now() - 100_000;
    let mut batch = Batch::of(3, 50);
    for (value, key) in batch.values.iter_mut().zip(["a", "b", "c"]) {
        (value.0, value.2) = (Some(key), begun);
    }
    kafka.produce(batch.gzipped()).await;
    kafka.produce(keyed("b", true, begun + 1000)).await;
    kafka.produce(keyed("d", true, begun + 2000)).await;
    let kept = [0, 2, 3, 4];
    let offsets =
        |records: Vec<(i64, String, bool)>| records.iter().map(|r| r.0).collect::<Vec<_>>();
    while offsets(kafka.read(0).await) != kept {
        tokio::task::yield_now().await;
    }
    let batches = kafka.batches(0).await;
    assert_eq!(batches[0][22], 1, "gzip, as it was");
    assert_eq!(
        batches[0][23..27],
        2i32.to_be_bytes(),
        "the last offset, as it was"
    );
    assert_eq!(batches[0][57..61], 2i32.to_be_bytes());
}

#[tokio::test]
async fn a_tombstone_goes_after_its_retention() {
    let mut kafka = Upkeep::start(&[
        ("cleanup.policy", "compact,delete"),
        ("segment.ms", "1"),
        ("min.cleanable.dirty.ratio", "0"),
        ("delete.retention.ms", "1"),
    ])
    .await;
    let begun = now() - 100_000;
    kafka.produce(keyed("a", true, begun)).await;
    kafka.produce(keyed("a", false, begun + 1000)).await;
    let mut at = begun + 2000;
    loop {
        // Every record makes the one before it dirty.
        kafka.produce(keyed("b", true, at)).await;
        at += 10;
        if kafka.read(0).await.iter().all(|(_, key, _)| key == "b") {
            break;
        }
    }
}
