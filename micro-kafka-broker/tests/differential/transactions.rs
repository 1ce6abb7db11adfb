//! The requests of transactional producers, zombies among them, and what readers see of it.

use std::collections::HashMap;

use kafka_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse, ApiKey, BrokerId, DescribeTransactionsRequest,
    DescribeTransactionsResponse, EndTxnRequest, EndTxnResponse, FetchRequest, FetchResponse,
    GroupId, InitProducerIdRequest, InitProducerIdResponse, ListOffsetsRequest,
    ListOffsetsResponse, ListTransactionsRequest, ListTransactionsResponse, ProduceRequest,
    ProduceResponse, ProducerId, TransactionalId, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::batch::Batch;
use crate::offset_fetch::{Wanted, fetch_offsets};
use crate::records::{describe_producers, pick};
use crate::side::{LOADING, Side, taken, text, topic_name};

const CONCURRENT: i16 = 51;
/// An id that no producer has.
const NOBODY: i64 = 1 << 40;
const NAMES: [&str; 4] = ["t0", "t0", "t1", "t2"];
const GROUPS: [&str; 2] = ["g0", "g1"];
const TOPICS: [&str; 7] = [
    "plain", "plain", "plain", "plain", "plain", "compact", "missing",
];
const PARTITIONS: [i32; 5] = [0, 0, 0, 1, 7];

/// What the walk knows of its producers.
#[derive(Debug, Default)]
struct Producers {
    /// Id and epoch by transactional id, as told last.
    known: HashMap<&'static str, (i64, i16)>,
    /// Next sequence numbers.
    next: HashMap<(i64, i16, &'static str, i32), i32>,
    ids: usize,
}

/// As whom a request is sent.
#[derive(Debug, Clone)]
struct Asker {
    name: &'static str,
    id: i64,
    epoch: i16,
    told: String,
}

impl Asker {
    fn transactional_id(&self, side: &Side) -> TransactionalId {
        TransactionalId(text(&side.name(self.name)))
    }
}

impl Producers {
    /// Mostly the producer as it is, seldom one with a wrong epoch or id.
    fn asker(&self, rng: &mut StdRng) -> Asker {
        let name = pick(rng, &NAMES);
        let (id, epoch) = self.known.get(name).copied().unwrap_or((-1, -1));
        let other = self.known.get("t1").map_or(NOBODY, |(id, _)| *id);
        let (how, id, epoch) = match rng.random_range(0..14) {
            0 => ("older", id, epoch - 1),
            1 => ("newer", id, epoch + 1),
            2 => ("nobody", NOBODY, 0),
            3 => ("as t1", other, epoch.max(0)),
            _ => ("", id, epoch),
        };
        let told = format!("{name} {how} epoch={epoch}");
        Asker {
            name,
            id,
            epoch,
            told,
        }
    }

    fn learn(&mut self, side: &mut Side, name: &'static str, id: i64, epoch: i16) {
        if id < 0 {
            return;
        }
        if self.known.get(name).is_none_or(|(known, _)| *known != id) {
            let nth = self.ids;
            self.ids += 1;
            side.masks
                .learn(format!("ProducerId({id})"), format!("ProducerId(p{nth})"));
            side.masks.learn(
                format!("producer_id: {id},"),
                format!("producer_id: p{nth},"),
            );
        }
        self.known.insert(name, (id, epoch));
    }
}

pub(crate) async fn walk(side: &mut Side, mut rng: StdRng, steps: usize) {
    side.topic("plain", 2, &[]).await;
    side.topic("compact", 1, &[("cleanup.policy", "compact")])
        .await;
    let mut producers = Producers::default();
    for name in ["t0", "t1"] {
        init(side, &mut producers, name, (-1, -1), 4, 60_000).await;
    }
    for nth in 0..steps {
        let rng = &mut rng;
        match rng.random_range(0..40) {
            0..=2 => init_drawn(side, &mut producers, rng).await,
            3..=9 => add_partitions(side, &producers, rng).await,
            10..=18 => produce(side, &mut producers, rng, nth).await,
            19..=21 => add_offsets(side, &producers, rng).await,
            22..=24 => commit_offsets(side, &producers, rng).await,
            25..=29 => end(side, &mut producers, rng).await,
            other => look(side, rng, other).await,
        }
    }
}

/// Looks at what has come of it.
async fn look(side: &mut Side, rng: &mut StdRng, which: i32) {
    match which {
        ..=32 => fetch(side, rng).await,
        33 => list_offsets(side, rng).await,
        34 => describe_producers(side, rng).await,
        35 | 36 => fetch_offsets_drawn(side, rng).await,
        37 | 38 => describe(side, rng).await,
        _ => list(side, rng).await,
    }
}

async fn init_drawn(side: &mut Side, producers: &mut Producers, rng: &mut StdRng) {
    let asker = producers.asker(rng);
    let anew = rng.random_bool(0.6);
    let who = if anew {
        (-1, -1)
    } else {
        (asker.id, asker.epoch)
    };
    let version = rng.random_range(if anew { 0..=5 } else { 3..=5 });
    let timeout = pick(rng, &[60_000, 60_000, 60_000, 0, -1, 900_001]);
    init(side, producers, asker.name, who, version, timeout).await;
}

/// Waits until no decision is being carried out.
async fn settle(side: &mut Side, name: &str) {
    let id = TransactionalId(text(&side.name(name)));
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![id]);
    loop {
        let answer: DescribeTransactionsResponse = side
            .send(ApiKey::DescribeTransactions, 0, &request)
            .await
            .unwrap();
        if !answer.transaction_states[0]
            .transaction_state
            .starts_with("Prepare")
        {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn init(
    side: &mut Side,
    producers: &mut Producers,
    name: &'static str,
    (id, epoch): (i64, i16),
    version: i16,
    timeout: i32,
) {
    let mut request = InitProducerIdRequest::default()
        .with_transactional_id(Some(TransactionalId(text(&side.name(name)))))
        .with_transaction_timeout_ms(timeout);
    if version >= 3 {
        request = request
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(epoch);
    }
    let answer = loop {
        settle(side, name).await;
        let answer: InitProducerIdResponse = side
            .send(ApiKey::InitProducerId, version, &request)
            .await
            .unwrap();
        // A partition of the coordinator's topic that nobody asked yet is read first.
        if answer.error_code != CONCURRENT && !LOADING.contains(&answer.error_code) {
            break answer;
        }
    };
    if answer.error_code == 0 {
        producers.learn(side, name, answer.producer_id.0, answer.producer_epoch);
    }
    let asked = format!("InitProducerId v{version} {name} ProducerId({id})/{epoch} {timeout}");
    side.note(&asked, &format!("{answer:?}"));
}

async fn add_partitions(side: &mut Side, producers: &Producers, rng: &mut StdRng) {
    let asker = producers.asker(rng);
    let version = rng.random_range(0..=5);
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &PARTITIONS));
    let verify_only = rng.random_bool(0.3);
    let data = AddPartitionsToTxnTopic::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partitions(vec![partition]);
    let request = match version {
        4.. => {
            let transaction = AddPartitionsToTxnTransaction::default()
                .with_transactional_id(asker.transactional_id(side))
                .with_producer_id(ProducerId(asker.id))
                .with_producer_epoch(asker.epoch)
                .with_verify_only(verify_only)
                .with_topics(vec![data]);
            AddPartitionsToTxnRequest::default().with_transactions(vec![transaction])
        }
        _ => AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(asker.transactional_id(side))
            .with_v3_and_below_producer_id(ProducerId(asker.id))
            .with_v3_and_below_producer_epoch(asker.epoch)
            .with_v3_and_below_topics(vec![data]),
    };
    let what = format!("{} {topic}-{partition} verify={verify_only}", asker.told);
    settle(side, asker.name).await;
    let _: Option<AddPartitionsToTxnResponse> = side
        .ask(&what, ApiKey::AddPartitionsToTxn, version, &request)
        .await;
}

async fn produce(side: &mut Side, producers: &mut Producers, rng: &mut StdRng, nth: usize) {
    let asker = producers.asker(rng);
    let version = rng.random_range(3..=12);
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &PARTITIONS));
    // A producer that mixes both confuses Apache Kafka's own check of what comes first.
    let plain = rng.random_bool(0.3) && asker.id == NOBODY;
    let named = rng.random_bool(0.95);
    let place = (asker.id, asker.epoch, topic, partition);
    let sequence = producers.next.get(&place).copied().unwrap_or(0);
    let mut batch = Batch::of(1, 5).producer(asker.id, asker.epoch, sequence);
    batch.values[0].0 = Some("k");
    batch.values[0].2 = side.masks.time(i64::try_from(nth).unwrap() * 10);
    batch.attributes = if plain { 0 } else { 0x10 };
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(batch.bytes()));
    let data = TopicProduceData::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_transactional_id(named.then(|| asker.transactional_id(side)))
        .with_acks(-1)
        .with_timeout_ms(10_000)
        .with_topic_data(vec![data]);
    let what = format!(
        "{} {topic}-{partition} plain={plain} named={named} seq={sequence}",
        asker.told
    );
    settle(side, asker.name).await;
    let answer: Option<ProduceResponse> = side.ask(&what, ApiKey::Produce, version, &request).await;
    let code = answer.map(|answer| answer.responses[0].partition_responses[0].error_code);
    if code == Some(0) {
        producers.next.insert(place, sequence + 1);
    }
}

async fn add_offsets(side: &mut Side, producers: &Producers, rng: &mut StdRng) {
    let asker = producers.asker(rng);
    let version = rng.random_range(0..=4);
    let group = pick(rng, &GROUPS);
    let request = AddOffsetsToTxnRequest::default()
        .with_transactional_id(asker.transactional_id(side))
        .with_producer_id(ProducerId(asker.id))
        .with_producer_epoch(asker.epoch)
        .with_group_id(GroupId(text(&side.name(group))));
    let what = format!("{} {group}", asker.told);
    settle(side, asker.name).await;
    let _: Option<AddOffsetsToTxnResponse> = side
        .ask(&what, ApiKey::AddOffsetsToTxn, version, &request)
        .await;
}

async fn commit_offsets(side: &mut Side, producers: &Producers, rng: &mut StdRng) {
    let asker = producers.asker(rng);
    let version = rng.random_range(0..=5);
    let (group, topic) = (pick(rng, &GROUPS), pick(rng, &TOPICS));
    let partition = pick(rng, &PARTITIONS);
    let (offset, metadata) = (rng.random_range(-1..5), pick(rng, &["", "m"]));
    let (member, generation) = pick(rng, &[("", -1), ("", -1), ("", -1), ("x", 1), ("", 1)]);
    let partition_data = TxnOffsetCommitRequestPartition::default()
        .with_partition_index(partition)
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text(metadata)));
    let data = TxnOffsetCommitRequestTopic::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partitions(vec![partition_data]);
    let mut request = TxnOffsetCommitRequest::default()
        .with_transactional_id(asker.transactional_id(side))
        .with_group_id(GroupId(text(&side.name(group))))
        .with_producer_id(ProducerId(asker.id))
        .with_producer_epoch(asker.epoch)
        .with_topics(vec![data]);
    if version >= 3 {
        request = request
            .with_member_id(text(member))
            .with_generation_id(generation);
    }
    let what = format!(
        "{} {group} {topic}-{partition}@{offset} {metadata:?} {member:?}/{generation}",
        asker.told
    );
    settle(side, asker.name).await;
    let _: Option<TxnOffsetCommitResponse> = side
        .ask(&what, ApiKey::TxnOffsetCommit, version, &request)
        .await;
}

async fn end(side: &mut Side, producers: &mut Producers, rng: &mut StdRng) {
    let asker = producers.asker(rng);
    let version = rng.random_range(0..=5);
    let commit = rng.random_bool(0.6);
    let request = EndTxnRequest::default()
        .with_transactional_id(asker.transactional_id(side))
        .with_producer_id(ProducerId(asker.id))
        .with_producer_epoch(asker.epoch)
        .with_committed(commit);
    settle(side, asker.name).await;
    let answer: EndTxnResponse = side.send(ApiKey::EndTxn, version, &request).await.unwrap();
    if answer.error_code == 0 && version >= 5 {
        producers.learn(
            side,
            asker.name,
            answer.producer_id.0,
            answer.producer_epoch,
        );
    }
    let asked = format!("EndTxn v{version} {} commit={commit}", asker.told);
    side.note(&asked, &format!("{answer:?}"));
    settle(side, asker.name).await;
}

async fn fetch(side: &mut Side, rng: &mut StdRng) {
    let partition = rng.random_range(0..=1);
    let (offset, isolation) = (rng.random_range(0..8), rng.random_range(0..=1));
    let asked = kafka_protocol::messages::fetch_request::FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let data = kafka_protocol::messages::fetch_request::FetchTopic::default()
        .with_topic(topic_name(&side.name("plain")))
        .with_partitions(vec![asked]);
    let request = FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_session_epoch(-1)
        .with_isolation_level(isolation)
        .with_topics(vec![data]);
    let what = format!("plain-{partition}@{offset} isolation={isolation}");
    let show = |answer: &mut FetchResponse| taken(&mut answer.responses[0].partitions[0].records);
    side.ask_with(&what, ApiKey::Fetch, 12, &request, show)
        .await;
}

async fn list_offsets(side: &mut Side, rng: &mut StdRng) {
    let partition = rng.random_range(0..=1);
    let (timestamp, isolation) = (pick(rng, &[-1, -2]), rng.random_range(0..=1));
    let asked = ListOffsetsPartition::default()
        .with_partition_index(partition)
        .with_timestamp(timestamp);
    let data = ListOffsetsTopic::default()
        .with_name(topic_name(&side.name("plain")))
        .with_partitions(vec![asked]);
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(isolation)
        .with_topics(vec![data]);
    let what = format!("plain-{partition} {timestamp} isolation={isolation}");
    let _: Option<ListOffsetsResponse> = side.ask(&what, ApiKey::ListOffsets, 7, &request).await;
}

async fn fetch_offsets_drawn(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(1..=9);
    let (group, stable) = (pick(rng, &GROUPS), rng.random_bool(0.5));
    let wanted = Wanted {
        group,
        topic: "plain",
        stable,
        all: rng.random_bool(0.3),
    };
    fetch_offsets(side, version, &wanted).await;
}

async fn describe(side: &mut Side, rng: &mut StdRng) {
    let name = pick(rng, &["t0", "t1", "t2", "t9"]);
    let id = TransactionalId(text(&side.name(name)));
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![id]);
    let sort = |answer: &mut DescribeTransactionsResponse| {
        for state in &mut answer.transaction_states {
            state.topics.sort_by(|a, b| a.topic.cmp(&b.topic));
            for topic in &mut state.topics {
                topic.partitions.sort_unstable();
            }
        }
        String::new()
    };
    side.ask_with(name, ApiKey::DescribeTransactions, 0, &request, sort)
        .await;
}

async fn list(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(0..=1);
    let states = pick(
        rng,
        &[
            &[][..],
            &["Ongoing"],
            &["Empty", "CompleteCommit"],
            &["Nonsense"],
        ],
    );
    let request = ListTransactionsRequest::default()
        .with_state_filters(states.iter().map(|state| text(state)).collect());
    let prefix = side.name("");
    let own = |answer: &mut ListTransactionsResponse| {
        answer
            .transaction_states
            .retain(|state| state.transactional_id.0.starts_with(&prefix));
        answer
            .transaction_states
            .sort_by(|a, b| a.transactional_id.0.cmp(&b.transactional_id.0));
        String::new()
    };
    let what = format!("{states:?}");
    side.ask_with(&what, ApiKey::ListTransactions, version, &request, own)
        .await;
}
