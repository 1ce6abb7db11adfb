//! Produce, Fetch, ListOffsets, DeleteRecords, OffsetForLeaderEpoch, DescribeProducers.

use std::collections::HashMap;

use bytes::Bytes;
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, BrokerId, DeleteRecordsRequest, DeleteRecordsResponse, DescribeProducersRequest,
    DescribeProducersResponse, FetchRequest, FetchResponse, InitProducerIdRequest,
    InitProducerIdResponse, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse, ProduceRequest, ProduceResponse,
};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::batch::Batch;
use crate::side::{Side, taken, topic_name};

const TOPICS: [&str; 6] = ["plain", "plain", "plain", "compact", "append", "missing"];
/// One partition has no broker.
const PARTITIONS: [i32; 6] = [0, 0, 0, 0, 1, 7];

/// Offsets that are asked for by name.
const LATEST: i64 = -1;
const MAX_TIMESTAMP: i64 = -3;

pub(crate) fn pick<T: Clone>(rng: &mut StdRng, of: &[T]) -> T {
    of.choose(rng).unwrap().clone()
}

/// A producer, and the sequence number that it would use next in each partition.
#[derive(Debug, Clone)]
struct Idempotent {
    id: i64,
    next: HashMap<(&'static str, i32), i32>,
}

pub(crate) async fn walk(side: &mut Side, mut rng: StdRng, steps: usize) {
    side.topic("plain", 2, &[]).await;
    side.topic("compact", 1, &[("cleanup.policy", "compact")])
        .await;
    let append = [
        ("message.timestamp.type", "LogAppendTime"),
        ("max.message.bytes", "300"),
    ];
    side.topic("append", 1, &append).await;
    let mut producers = Vec::new();
    for nth in 0..2 {
        producers.push(producer(side, nth).await);
    }
    let mut shortened = Vec::new();
    for nth in 0..steps {
        let rng = &mut rng;
        match rng.random_range(0..20) {
            0..=8 => produce(side, rng, &mut producers, nth).await,
            9..=12 => fetch(side, rng).await,
            13..=15 => list_offsets(side, rng, nth, &shortened).await,
            16 => shortened.push(delete_records(side, rng).await),
            17 | 18 => leader_epoch(side, rng).await,
            _ => describe_producers(side, rng).await,
        }
    }
}

async fn producer(side: &mut Side, nth: usize) -> Idempotent {
    let request = InitProducerIdRequest::default().with_transaction_timeout_ms(1000);
    let answer: InitProducerIdResponse = side
        .send(ApiKey::InitProducerId, 4, &request)
        .await
        .unwrap();
    let id = answer.producer_id.0;
    side.masks
        .learn(format!("ProducerId({id})"), format!("ProducerId(p{nth})"));
    Idempotent {
        id,
        next: HashMap::new(),
    }
}

/// A batch of up to three records, in half of the cases idempotent.
fn batch(
    side: &Side,
    rng: &mut StdRng,
    producers: &mut [Idempotent],
    at: (&'static str, i32),
    nth: usize,
) -> (String, Batch) {
    let count = rng.random_range(1..=3);
    let size = pick(rng, &[1, 5, 5, 5, 400]);
    let mut batch = Batch::of(count, size);
    let time = side.masks.time(i64::try_from(nth).unwrap() * 10);
    for (value, delta) in batch.values.iter_mut().zip(0..) {
        value.2 = time + delta;
        if at.0 == "compact" && size != 1 {
            value.0 = Some("k");
        }
    }
    let mut told = format!("{count}x{size}");
    if rng.random_bool(0.6) {
        let which = rng.random_range(0..producers.len());
        let epoch = pick(rng, &[0, 0, 0, 0, 0, 0, 0, 1, -1]);
        let next = *producers[which].next.get(&at).unwrap_or(&0);
        let sequence = match rng.random_range(0..10) {
            0..=5 => next,
            6 => (next - 1).max(0),
            7 => (next - 3).max(0),
            8 => next + 1,
            _ => pick(rng, &[0, i32::MAX, -1, -2]),
        };
        if sequence == next && size != 400 {
            let after = next.wrapping_add(i32::try_from(count).unwrap()) & i32::MAX;
            producers[which].next.insert(at, after);
        }
        told += &format!(" p{which}/{epoch}/{sequence}");
        batch = batch.producer(producers[which].id, epoch, sequence);
    }
    (told, batch)
}

/// The bytes of a batch, seldom wrong ones. Apache Kafka never answers null.
fn spoilt(rng: &mut StdRng, told: &mut String, mut batch: Batch) -> Option<Bytes> {
    match rng.random_range(0..30) {
        0 => {
            *told += " crc";
            batch.crc = Some(1);
        }
        1 => {
            batch.magic = pick(rng, &[0, 1, 3, -1]);
            *told += &format!(" magic {}", batch.magic);
        }
        2 => {
            batch.count = Some(pick(rng, &[0, 1, 9, -1, i32::MAX]));
            *told += &format!(" count {:?}", batch.count);
        }
        3 => {
            batch.last_offset_delta = Some(pick(rng, &[0, 9, -1, i32::MAX]));
            *told += &format!(" delta {:?}", batch.last_offset_delta);
        }
        4 => {
            batch.attributes = pick(rng, &[0x20, 0x10, 0x08, 0x30, 0x40, 5, 7]);
            *told += &format!(" attributes {:#x}", batch.attributes);
        }
        5 => {
            *told += " gzip";
            return Some(batch.gzipped());
        }
        6 => {
            *told += " twice";
            let bytes = batch.bytes();
            return Some([&bytes[..], &bytes[..]].concat().into());
        }
        8 => {
            *told += " empty";
            return Some(Bytes::new());
        }
        9 => {
            let bytes = batch.bytes();
            let keep = pick(rng, &[1, 11, 17, 60, 61, bytes.len() - 1]);
            *told += &format!(" cut at {keep}");
            return Some(bytes.slice(..keep));
        }
        10 => {
            *told += " tombstones";
            return Some(batch.tombstones());
        }
        _ => {}
    }
    Some(batch.bytes())
}

async fn produce(side: &mut Side, rng: &mut StdRng, producers: &mut [Idempotent], nth: usize) {
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &PARTITIONS));
    let version = rng.random_range(3..=12);
    let acks = pick(rng, &[-1, -1, -1, -1, 1, 1, 2, -2]);
    let (mut told, batch) = batch(side, rng, producers, (topic, partition), nth);
    let records = spoilt(rng, &mut told, batch);
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(records);
    let data = TopicProduceData::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(10_000)
        .with_topic_data(vec![data]);
    let what = format!("{topic}-{partition} acks={acks} {told}");
    let _: Option<ProduceResponse> = side.ask(&what, ApiKey::Produce, version, &request).await;
}

async fn fetch(side: &mut Side, rng: &mut StdRng) {
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &PARTITIONS));
    let version = rng.random_range(4..=17);
    let offset = match rng.random_range(0..8) {
        0 => -1,
        1 => 1000,
        2..=4 => 0,
        _ => rng.random_range(0..40),
    };
    let (max, max_of_partition) = (
        pick(rng, &[1, 100, 1 << 20]),
        pick(rng, &[0, 1, 90, 1 << 20]),
    );
    let (epoch, last) = (
        pick(rng, &[-1, -1, -1, 0, 1]),
        pick(rng, &[-1, -1, -1, 0, 1]),
    );
    let isolation = rng.random_range(0..=1);
    let mut asked = FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(max_of_partition);
    if version >= 9 {
        asked = asked.with_current_leader_epoch(epoch);
    }
    if version >= 12 {
        asked = asked.with_last_fetched_epoch(last);
    }
    let mut data = FetchTopic::default().with_partitions(vec![asked]);
    match version {
        ..13 => data.topic = topic_name(&side.name(topic)),
        _ => data.topic_id = side.topic_ids.get(topic).copied().unwrap_or_default(),
    }
    let mut request = FetchRequest::default()
        .with_max_bytes(max)
        .with_isolation_level(isolation)
        .with_topics(vec![data]);
    if version >= 7 {
        request = request.with_session_epoch(-1);
    }
    if version < 15 {
        request = request.with_replica_id(BrokerId(-1));
    }
    let what = format!(
        "{topic}-{partition}@{offset} max={max}/{max_of_partition} epochs={epoch}/{last} isolation={isolation}"
    );
    let show = |answer: &mut FetchResponse| {
        let partitions = answer
            .responses
            .iter_mut()
            .flat_map(|topic| &mut topic.partitions);
        partitions
            .map(|partition| taken(&mut partition.records))
            .collect()
    };
    side.ask_with(&what, ApiKey::Fetch, version, &request, show)
        .await;
}

async fn list_offsets(
    side: &mut Side,
    rng: &mut StdRng,
    nth: usize,
    shortened: &[(&'static str, i32)],
) {
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &PARTITIONS));
    let version = rng.random_range(1..=10);
    let (told, timestamp) = match rng.random_range(0..9) {
        0 => ("future".to_owned(), side.masks.time(100 * 3_600_000)),
        1..=3 => {
            let at = rng.random_range(0..i64::try_from(nth).unwrap() * 10 + 20);
            (format!("t{at}"), side.masks.time(at))
        }
        _ => {
            let special = match rng.random_range(-6..=0) {
                // Whether two batches are stamped in the same millisecond is by chance, and Apache
                // Kafka tells of deleted records until their file goes.
                MAX_TIMESTAMP if topic == "append" || shortened.contains(&(topic, partition)) => {
                    LATEST
                }
                drawn => drawn,
            };
            (special.to_string(), special)
        }
    };
    let epoch = pick(rng, &[-1, -1, 0, 1]);
    let isolation = rng.random_range(0..=1);
    let mut asked = ListOffsetsPartition::default()
        .with_partition_index(partition)
        .with_timestamp(timestamp);
    if version >= 4 {
        asked = asked.with_current_leader_epoch(epoch);
    }
    let data = ListOffsetsTopic::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partitions(vec![asked]);
    let mut request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![data]);
    if version >= 2 {
        request = request.with_isolation_level(isolation);
    }
    if version >= 10 {
        request = request.with_timeout_ms(5_000);
    }
    let what = format!("{topic}-{partition} {told} epoch={epoch} isolation={isolation}");
    let _: Option<ListOffsetsResponse> = side
        .ask(&what, ApiKey::ListOffsets, version, &request)
        .await;
}

/// The partition whose beginning may have been deleted.
async fn delete_records(side: &mut Side, rng: &mut StdRng) -> (&'static str, i32) {
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &PARTITIONS));
    let version = rng.random_range(0..=2);
    let offset = pick(rng, &[-1, -2, 0, 1, 2, 3, 5, 9, 1000]);
    let asked = DeleteRecordsPartition::default()
        .with_partition_index(partition)
        .with_offset(offset);
    let data = DeleteRecordsTopic::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partitions(vec![asked]);
    let request = DeleteRecordsRequest::default()
        .with_topics(vec![data])
        .with_timeout_ms(10_000);
    let what = format!("{topic}-{partition}@{offset}");
    let _: Option<DeleteRecordsResponse> = side
        .ask(&what, ApiKey::DeleteRecords, version, &request)
        .await;
    (topic, partition)
}

async fn leader_epoch(side: &mut Side, rng: &mut StdRng) {
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &PARTITIONS));
    let version = rng.random_range(2..=4);
    let (current, epoch) = (pick(rng, &[-1, -1, 0, 1]), pick(rng, &[-1, 0, 0, 1, 5]));
    let asked = OffsetForLeaderPartition::default()
        .with_partition(partition)
        .with_current_leader_epoch(current)
        .with_leader_epoch(epoch);
    let data = OffsetForLeaderTopic::default()
        .with_topic(topic_name(&side.name(topic)))
        .with_partitions(vec![asked]);
    let mut request = OffsetForLeaderEpochRequest::default().with_topics(vec![data]);
    if version >= 3 {
        request = request.with_replica_id(BrokerId(-1));
    }
    let what = format!("{topic}-{partition} epochs={current}/{epoch}");
    let _: Option<OffsetForLeaderEpochResponse> = side
        .ask(&what, ApiKey::OffsetForLeaderEpoch, version, &request)
        .await;
}

pub(crate) async fn describe_producers(side: &mut Side, rng: &mut StdRng) {
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &PARTITIONS));
    let data = TopicRequest::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partition_indexes(vec![partition]);
    let request = DescribeProducersRequest::default().with_topics(vec![data]);
    let what = format!("{topic}-{partition}");
    let sort = |answer: &mut DescribeProducersResponse| {
        let partitions = answer
            .topics
            .iter_mut()
            .flat_map(|topic| &mut topic.partitions);
        for partition in partitions {
            // Apache Kafka has them in no order; ids were given in that of the walk.
            partition
                .active_producers
                .sort_by_key(|producer| producer.producer_id.0);
        }
        String::new()
    };
    side.ask_with(&what, ApiKey::DescribeProducers, 0, &request, sort)
        .await;
}
