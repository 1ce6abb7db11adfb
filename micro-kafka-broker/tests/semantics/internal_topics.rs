//! The broker's own topics: what coordinators write there is for everybody to read.

use bytes::{Buf, Bytes};
use kafka_protocol::messages::{ApiKey, OffsetCommitRequest, OffsetCommitResponse};
use kafka_protocol::records::RecordBatchDecoder;

use crate::batch::Batch;
use crate::group_offsets::commit;
use crate::groups::{enter, group_id, joining, sync};
use crate::kafka::{Kafka, text, topic_name};
use crate::transaction::Producer;

const INVALID_TOPIC_EXCEPTION: i16 = 17;
const OFFSETS: &str = "__consumer_offsets";
const TRANSACTIONS: &str = "__transaction_state";

/// A record of such a topic; no value is a tombstone.
#[derive(Debug, Clone)]
struct Written {
    key: Bytes,
    value: Option<Bytes>,
    /// The producer, where it is part of a transaction.
    producer: Option<(i64, i16)>,
    control: bool,
}

impl Written {
    /// The versions of key and value.
    fn versions(&self) -> (i16, Option<i16>) {
        let version = |mut bytes: Bytes| bytes.get_i16();
        (version(self.key.clone()), self.value.clone().map(version))
    }

    /// The group or transactional id.
    fn of(&self) -> String {
        string(&mut self.key.slice(2..))
    }

    /// The number at a place in the value.
    fn i32(&self, at: usize) -> i32 {
        self.value.clone().unwrap().slice(at..).get_i32()
    }
}

fn string(bytes: &mut Bytes) -> String {
    let length = usize::try_from(bytes.get_i16()).unwrap();
    String::from_utf8(bytes.split_to(length).to_vec()).unwrap()
}

/// Java's hash of a string.
fn partition_of(id: &str) -> i32 {
    let hash = id.bytes().fold(0i32, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    hash.checked_abs().unwrap_or(0) % 50
}

impl Kafka {
    async fn end_of(&mut self, topic: &str, partition: i32) -> i64 {
        let fetched = self.fetch(topic, 0, |f| f, |p| p.with_partition(partition));
        fetched.await.high_watermark
    }

    /// What was written about an id since an offset, and control records.
    async fn written(&mut self, topic: &str, id: &str, from: i64) -> Vec<Written> {
        let partition = partition_of(id);
        let mut offset = from;
        let mut written = Vec::new();
        loop {
            let fetched = self.fetch(topic, offset, |f| f, |p| p.with_partition(partition));
            let mut records = fetched.await.records.unwrap_or_default();
            if records.is_empty() {
                break;
            }
            while !records.is_empty() {
                let set = RecordBatchDecoder::decode(&mut records).unwrap();
                for record in set.records {
                    offset = record.offset + 1;
                    written.push(Written {
                        key: record.key.unwrap(),
                        value: record.value,
                        producer: (record.transactional)
                            .then_some((record.producer_id, record.producer_epoch)),
                        control: record.control,
                    });
                }
            }
        }
        written.retain(|record| record.control || record.of() == id);
        written
    }
}

#[tokio::test]
async fn they_are_internal_and_closed_to_clients() {
    let mut kafka = Kafka::start().await;
    kafka.until_transactions_work().await;
    for topic in [OFFSETS, TRANSACTIONS] {
        let described = kafka.topic_id(topic).await;
        assert!(described.is_internal);
        assert_eq!(described.partitions.len(), 50);
        let answer = kafka.produce(topic, Batch::of(1, 5).bytes()).await;
        assert_eq!(answer.error_code, INVALID_TOPIC_EXCEPTION, "{topic}");
    }
}

#[tokio::test]
async fn a_groups_life_is_written_down() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 2, &[]).await;
    let topic_id = kafka.topic_id(&topic).await.topic_id;
    let group = kafka.name("g");
    let begin = kafka.end_of(OFFSETS, partition_of(&group)).await;
    let member = enter(&mut kafka.client, &group).await.member_id.to_string();
    sync(
        &mut kafka.client,
        &group,
        1,
        &member,
        None,
        &[(&member, "all")],
    )
    .await;
    commit(&mut kafka.client, 7, &group, 1, &member, &topic, "note").await;
    kafka.leave(&group, &member).await;
    assert_eq!(kafka.delete_groups(2, &[&group]).await, [0]);

    let written = kafka.written(OFFSETS, &group, begin).await;
    let versions: Vec<_> = written.iter().map(Written::versions).collect();
    let (group_value, offset_value) = ((2, Some(3)), (1, Some(4)));
    let expected = [
        group_value,
        group_value,
        offset_value,
        offset_value,
        group_value,
        (1, None),
        (1, None),
        (2, None),
    ];
    assert_eq!(versions, expected);
    assert!(written.iter().all(|record| record.producer.is_none()));

    let empty = written[0].value.clone().unwrap();
    // No type, generation 0, no protocol, no leader; then the time, and no members.
    assert_eq!(empty[2..12], [0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(empty[20..], [0, 0, 0, 0]);
    let mut stable = written[1].value.clone().unwrap().slice(2..);
    assert_eq!(string(&mut stable), "consumer");
    assert_eq!(stable.get_i32(), 1);
    assert_eq!(string(&mut stable), "range");
    assert_eq!(string(&mut stable), member);
    assert!(stable.get_i64() > 0);
    assert_eq!(stable.get_i32(), 1);
    assert_eq!(string(&mut stable), member);
    assert_eq!(stable.get_i16(), -1, "no name");
    assert_eq!(string(&mut stable), "test");
    assert_eq!(string(&mut stable), "/127.0.0.1");
    assert_eq!((stable.get_i32(), stable.get_i32()), (10_000, 10_000));
    assert_eq!(stable.get_i32(), 10, "the subscription");
    stable.advance(10);
    assert_eq!(stable, [&[0, 0, 0, 3][..], b"all"].concat());
    let mut left = written[4].value.clone().unwrap().slice(2..);
    assert_eq!(
        (string(&mut left), left.get_i32()),
        ("consumer".to_owned(), 2)
    );

    let mut offset = written[2].value.clone().unwrap().slice(2..);
    assert_eq!((offset.get_i64(), offset.get_i32()), (40, -1));
    assert_eq!(offset.split_to(5), &b"\x05note"[..]);
    assert!(offset.get_i64() > 0);
    let id = [&[1, 0, 16][..], topic_id.as_bytes()].concat();
    assert_eq!(offset, id, "a tagged field: the topic's id");
}

#[tokio::test]
async fn a_static_member_that_returns_is_written_down() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let client = &mut kafka.client;
    let fixed = joining(&group, "").with_group_instance_id(Some(text("one")));
    let old = crate::groups::join(client, 5, &fixed)
        .await
        .member_id
        .to_string();
    sync(client, &group, 1, &old, Some("one"), &[(&old, "all")]).await;
    let begin = kafka.end_of(OFFSETS, partition_of(&group)).await;
    let client = &mut kafka.client;
    let new = crate::groups::join(client, 5, &fixed)
        .await
        .member_id
        .to_string();
    assert_ne!(old, new);
    let written = kafka.written(OFFSETS, &group, begin).await;
    assert_eq!(written.len(), 1);
    let value = written[0].value.clone().unwrap();
    assert!(value.windows(new.len()).any(|part| part == new.as_bytes()));
    assert!(!value.windows(old.len()).any(|part| part == old.as_bytes()));
}

#[tokio::test]
async fn an_offset_with_a_retention_has_the_version_that_knows_it() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 2, &[]).await;
    let group = kafka.name("g");
    let begin = kafka.end_of(OFFSETS, partition_of(&group)).await;
    let partition =
        kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition::default()
            .with_committed_offset(5);
    let asked =
        kafka_protocol::messages::offset_commit_request::OffsetCommitRequestTopic::default()
            .with_name(topic_name(&topic))
            .with_partitions(vec![partition]);
    let request = OffsetCommitRequest::default()
        .with_group_id(group_id(&group))
        .with_generation_id_or_member_epoch(-1)
        .with_retention_time_ms(60_000)
        .with_topics(vec![asked]);
    let answer: OffsetCommitResponse = kafka.client.call(ApiKey::OffsetCommit, 3, &request).await;
    assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    let written = kafka.written(OFFSETS, &group, begin).await;
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].versions(), (1, Some(1)));
    let mut times = written[0].value.clone().unwrap().slice(12..);
    let (committed, expires) = (times.get_i64(), times.get_i64());
    assert_eq!(expires - committed, 60_000);
}

#[tokio::test]
async fn a_transactions_states_are_written_down() {
    for version in [3, 5] {
        let mut kafka = Kafka::start().await;
        let topic = kafka.topic("t", 1, &[]).await;
        let name = kafka.name("x");
        kafka.until_transactions_work().await;
        let begin = kafka.end_of(TRANSACTIONS, partition_of(&name)).await;
        let producer = kafka.init(&name).await;
        let produce = match version {
            5 => 12,
            _ => {
                assert_eq!(kafka.add(&producer, 3, &topic).await, 0);
                11
            }
        };
        let sent = kafka
            .send(&producer, produce, &topic, &producer.batch(0))
            .await;
        assert_eq!(sent, Ok(0));
        kafka.end(&producer, version, true).await.unwrap();
        kafka.settled(&topic, 2).await;
        let written = loop {
            let written = kafka.written(TRANSACTIONS, &name, begin).await;
            if written.len() == 4 {
                break written;
            }
        };
        // After version, id, epoch and timeout; a flexible value begins as a plain one does.
        let states: Vec<_> = written
            .iter()
            .map(|w| w.value.as_ref().unwrap()[16])
            .collect();
        assert_eq!(states, [0, 1, 2, 4], "empty, ongoing, prepared, complete");
        assert!(written.iter().all(|w| w.versions() == (0, Some(1))));
        assert!(written.iter().all(|w| w.i32(12) == 60_000));
        let epoch = |w: &Written| w.value.clone().unwrap().slice(10..).get_i16() - producer.epoch;
        let epochs: Vec<_> = written.iter().map(epoch).collect();
        let bumped = i16::from(version == 5);
        assert_eq!(epochs, [0, 0, bumped, bumped], "version {version}");
        let values: Vec<_> = written.iter().map(|w| tail(w, &topic)).collect();
        assert_eq!(values[0].0, None, "no partitions yet");
        assert_eq!(values[1].0, Some(vec![0]));
        assert_eq!(values[2].0, Some(vec![0]));
        assert_eq!(values[3].0, Some(Vec::new()));
        // The producer before, which is the same; then how the client speaks of transactions.
        let id = [&[0, 8][..], &producer.id.to_be_bytes()].concat();
        let plain = [&[1][..], &id].concat();
        let spoken = match version {
            5 => [&[2][..], &id, &[2, 2, 0, 2]].concat(),
            _ => plain.clone(),
        };
        let tags: Vec<_> = values.iter().map(|(_, tags)| tags).collect();
        assert_eq!(tags, [&plain, &spoken, &spoken, &spoken]);
    }
}

/// The partitions of the topic in a transactional id's value, and its tagged fields.
fn tail(written: &Written, topic: &str) -> (Option<Vec<u8>>, Bytes) {
    let mut rest = written.value.clone().unwrap().slice(17..);
    let partitions = match rest.get_u8() {
        0 => None,
        count => {
            let mut partitions = Vec::new();
            for _ in 1..count {
                let length = usize::from(rest.get_u8()) - 1;
                assert_eq!(rest.split_to(length), topic.as_bytes());
                for _ in 1..rest.get_u8() {
                    partitions.push(u8::try_from(rest.get_i32()).unwrap());
                }
                assert_eq!(rest.get_u8(), 0, "no tagged fields");
            }
            Some(partitions)
        }
    };
    rest.advance(16);
    (partitions, rest)
}

#[tokio::test]
async fn offsets_in_a_transaction_are_written_with_it() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let group = kafka.name("g");
    let begin = kafka.end_of(OFFSETS, partition_of(&group)).await;
    let producer: Producer = {
        let name = kafka.name("x");
        kafka.init(&name).await
    };
    assert_eq!(kafka.add_offsets(&producer, 3, &group).await, 0);
    let sent = kafka
        .send_offset(&producer, 3, (&group, -1), (&topic, 9))
        .await;
    assert_eq!(sent, 0);
    kafka.end(&producer, 3, true).await.unwrap();
    while kafka.offset(&group, &topic, true).await != (9, 0) {
        tokio::task::yield_now().await;
    }
    let mut written = kafka.written(OFFSETS, &group, begin).await;
    written.retain(|record| record.producer == Some((producer.id, producer.epoch)));
    assert_eq!(written.len(), 2);
    assert_eq!(
        (written[0].control, written[0].versions()),
        (false, (1, Some(4)))
    );
    // A commit marker: version 0, kind 1.
    assert_eq!(
        (written[1].control, &written[1].key[..]),
        (true, &[0, 0, 0, 1][..])
    );
}
