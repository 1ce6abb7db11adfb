//! Fetch sessions (KIP-227): opened, gone on with, changed, mixed up and closed.

use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, BrokerId, DeleteRecordsRequest, DeleteRecordsResponse, FetchRequest, FetchResponse,
    ProduceRequest, ProduceResponse,
};
use rand::RngExt;
use rand::rngs::StdRng;
use uuid::Uuid;

use crate::batch::Batch;
use crate::records::pick;
use crate::side::{Side, taken, topic_name};

/// Topics that there are, with the number of their partitions.
const TOPICS: [(&str, i32); 2] = [("a", 3), ("b", 2)];
/// The first version with topic ids.
const WITH_IDS: i16 = 13;
/// As many are open at a time.
const MOST: usize = 3;
/// An id that no topic and no session has.
const NONE: Uuid = Uuid::from_u128(77);
const NO_SESSION: i32 = 77;

/// What a client knows of its session.
#[derive(Debug, Clone)]
struct Session {
    id: i32,
    /// The epoch of the next fetch.
    epoch: i32,
    /// Whether topics are named by their ids.
    with_ids: bool,
    name: String,
}

#[derive(Debug, Default)]
struct Sessions {
    open: Vec<Session>,
    opened: usize,
}

pub(crate) async fn walk(side: &mut Side, mut rng: StdRng, steps: usize) {
    for (topic, partitions) in TOPICS {
        side.topic(topic, partitions, &[]).await;
    }
    let mut sessions = Sessions::default();
    let rng = &mut rng;
    for nth in 0..steps {
        match rng.random_range(0..20) {
            0..=4 => produce(side, rng, nth).await,
            5 => delete_records(side, rng).await,
            6 | 7 if sessions.open.len() < MOST => open(side, rng, &mut sessions).await,
            _ => go_on(side, rng, &mut sessions).await,
        }
    }
    for session in sessions.open {
        let request = request().with_session_id(session.id).with_session_epoch(-1);
        let version = if session.with_ids { 17 } else { 12 };
        let _: Option<FetchResponse> = side.send(ApiKey::Fetch, version, &request).await;
    }
}

/// A fetch of nothing, of a client.
fn request() -> FetchRequest {
    FetchRequest::default().with_replica_id(BrokerId(-1))
}

/// A partition that there is.
fn place(rng: &mut StdRng) -> (&'static str, i32) {
    let (topic, partitions) = pick(rng, &TOPICS);
    (topic, rng.random_range(0..partitions))
}

async fn produce(side: &mut Side, rng: &mut StdRng, nth: usize) {
    let (topic, partition) = place(rng);
    let mut batch = Batch::of(1, pick(rng, &[5, 200]));
    batch.values[0].2 = side.masks.time(i64::try_from(nth).unwrap() * 10);
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(batch.bytes()));
    let data = TopicProduceData::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(10_000)
        .with_topic_data(vec![data]);
    let what = format!("{topic}-{partition}");
    let _: Option<ProduceResponse> = side.ask(&what, ApiKey::Produce, 9, &request).await;
}

async fn delete_records(side: &mut Side, rng: &mut StdRng) {
    let (topic, partition) = place(rng);
    let asked = DeleteRecordsPartition::default()
        .with_partition_index(partition)
        .with_offset(-1);
    let data = DeleteRecordsTopic::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partitions(vec![asked]);
    let request = DeleteRecordsRequest::default()
        .with_topics(vec![data])
        .with_timeout_ms(10_000);
    let what = format!("{topic}-{partition}");
    let _: Option<DeleteRecordsResponse> =
        side.ask(&what, ApiKey::DeleteRecords, 2, &request).await;
}

fn version(rng: &mut StdRng, with_ids: bool) -> i16 {
    match with_ids {
        true => rng.random_range(WITH_IDS..=17),
        false => rng.random_range(7..WITH_IDS),
    }
}

/// Up to four partitions, some of which there are not.
fn asked(side: &Side, rng: &mut StdRng, with_ids: bool, told: &mut String) -> Vec<FetchTopic> {
    let mut topics = Vec::new();
    for _ in 0..rng.random_range(0..=4) {
        let (topic, partition) = match rng.random_range(0..12) {
            0 => ("missing", 0),
            1 => ("a", 7),
            _ => place(rng),
        };
        let offset = pick(rng, &[0, 0, 0, 1, 2, 50]);
        let most = pick(rng, &[1, 1 << 20, 1 << 20]);
        *told += &format!(" {topic}-{partition}@{offset}/{most}");
        let asked = FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(offset)
            .with_partition_max_bytes(most);
        let mut data = FetchTopic::default().with_partitions(vec![asked]);
        match with_ids {
            true => data.topic_id = side.topic_ids.get(topic).copied().unwrap_or(NONE),
            false => data.topic = topic_name(&side.name(topic)),
        }
        topics.push(data);
    }
    topics
}

/// Up to two partitions that are not fetched any longer.
fn forgotten(
    side: &Side,
    rng: &mut StdRng,
    with_ids: bool,
    told: &mut String,
) -> Vec<ForgottenTopic> {
    let mut topics = Vec::new();
    for _ in 0..pick(rng, &[0, 0, 0, 1, 2]) {
        let (topic, partition) = place(rng);
        *told += &format!(" -{topic}-{partition}");
        let mut data = ForgottenTopic::default().with_partitions(vec![partition]);
        match with_ids {
            true => data.topic_id = side.topic_ids[topic],
            false => data.topic = topic_name(&side.name(topic)),
        }
        topics.push(data);
    }
    topics
}

async fn open(side: &mut Side, rng: &mut StdRng, sessions: &mut Sessions) {
    let with_ids = rng.random_bool(0.5);
    let new = Session {
        id: 0,
        epoch: 0,
        with_ids,
        name: "new".to_owned(),
    };
    fetch(side, rng, sessions, &new, with_ids).await;
}

/// The next fetch of a session, or one that does not fit to it.
async fn go_on(side: &mut Side, rng: &mut StdRng, sessions: &mut Sessions) {
    let none = Session {
        id: NO_SESSION,
        epoch: 1,
        with_ids: rng.random_bool(0.5),
        name: "none".to_owned(),
    };
    let mut session = match sessions.open.len() {
        0 => none,
        _ if rng.random_bool(0.03) => none,
        _ => pick(rng, &sessions.open),
    };
    let mut with_ids = session.with_ids;
    match rng.random_range(0..30) {
        0 => session.epoch += 1,
        1 => session.epoch -= 1,
        2 => session.epoch = -1,
        3 => session.epoch = 0,
        4 => with_ids = !with_ids,
        5 => session.epoch = i32::MAX,
        6 => (session.id, session.epoch) = (0, -1),
        7 => (session.id, session.epoch) = (0, 5),
        _ => {}
    }
    fetch(side, rng, sessions, &session, with_ids).await;
}

async fn fetch(
    side: &mut Side,
    rng: &mut StdRng,
    sessions: &mut Sessions,
    session: &Session,
    with_ids: bool,
) {
    let version = version(rng, with_ids);
    let most = pick(rng, &[1, 150, 1 << 20, 1 << 20, 1 << 20]);
    let Session {
        id, epoch, name, ..
    } = session;
    let mut told = format!("{name} {}/{epoch} max={most}", i32::from(*id != 0));
    let topics = asked(side, rng, with_ids, &mut told);
    let forgotten = forgotten(side, rng, with_ids, &mut told);
    let request = request()
        .with_session_id(*id)
        .with_session_epoch(*epoch)
        .with_max_bytes(most)
        .with_topics(topics)
        .with_forgotten_topics_data(forgotten);
    let answer: Option<FetchResponse> = side.send(ApiKey::Fetch, version, &request).await;
    let Some(mut answer) = answer else {
        return side.note(&format!("Fetch v{version} {told}"), "closed");
    };
    sessions.learn(side, session, with_ids, &answer);
    let partitions = answer
        .responses
        .iter_mut()
        .flat_map(|topic| &mut topic.partitions);
    let shown: String = partitions
        .map(|partition| taken(&mut partition.records))
        .collect();
    side.note(
        &format!("Fetch v{version} {told}"),
        &format!("{answer:?}{shown}"),
    );
}

impl Sessions {
    /// What the client of a session makes of an answer.
    fn learn(&mut self, side: &mut Side, asked: &Session, with_ids: bool, answer: &FetchResponse) {
        if answer.error_code != 0 {
            return;
        }
        match asked.epoch {
            // Closed, as far as there was one.
            -1 => self.open.retain(|open| open.id != asked.id),
            0 => {
                self.open.retain(|open| open.id != asked.id);
                if answer.session_id == 0 {
                    return;
                }
                let name = format!("s{}", self.opened);
                self.opened += 1;
                side.masks.learn(
                    format!("session_id: {},", answer.session_id),
                    format!("session_id: {name},"),
                );
                self.open.push(Session {
                    id: answer.session_id,
                    epoch: 1,
                    with_ids,
                    name,
                });
            }
            _ => {
                let open = self.open.iter_mut().find(|open| open.id == asked.id);
                if let Some(open) = open {
                    open.epoch = asked.epoch + 1;
                }
            }
        }
    }
}
