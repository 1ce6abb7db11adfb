//! CreateTopics, CreatePartitions.

use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest,
    CreateTopicsResponse,
};
use rand::RngExt;
use rand::rngs::StdRng;

use super::configs::setting;
use super::{Known, NAMES};
use crate::records::pick;
use crate::side::{Side, text, topic_name};

/// Names that are none; the last two collide once one of them is there.
const STRANGE: [&str; 6] = ["", ".", "..", "a b", "c.0", "c_0"];

/// Replicas of a new topic, by partition.
type Assignment = &'static [(i32, &'static [i32])];
const ASSIGNMENTS: [Assignment; 8] = [
    &[(0, &[1])],
    &[(0, &[1]), (1, &[1])],
    &[(1, &[1])],
    &[(0, &[1]), (0, &[1])],
    &[(0, &[9])],
    &[(0, &[1, 1])],
    &[(0, &[])],
    &[(0, &[1]), (2, &[1])],
];

/// Replicas of further partitions.
const MORE: [Option<&[&[i32]]>; 9] = [
    None,
    None,
    None,
    Some(&[&[1]]),
    Some(&[&[1], &[1]]),
    Some(&[&[9]]),
    Some(&[]),
    Some(&[&[]]),
    Some(&[&[1, 1]]),
];

/// A name, mostly one of the walk's; told without its prefix.
fn named(side: &Side, rng: &mut StdRng) -> (String, String) {
    match rng.random_range(0..10) {
        0 => {
            let s = pick(rng, &STRANGE);
            match s.starts_with('c') {
                true => (side.name(s), s.to_owned()),
                false => (s.to_owned(), s.to_owned()),
            }
        }
        1 => ("x".repeat(250), "long".to_owned()),
        _ => {
            let s = pick(rng, &NAMES);
            (side.name(s), s.to_owned())
        }
    }
}

fn brokers(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().copied().map(BrokerId).collect()
}

fn topic(side: &Side, rng: &mut StdRng, told: &mut String) -> CreatableTopic {
    let (name, short) = named(side, rng);
    let assigned = rng.random_bool(0.2);
    let partitions = pick(rng, &[1, 1, 2, 3, 0, -2, -1]);
    let factor = pick(rng, &[1, 1, 1, 1, -1, 0, 2, -2]);
    let mut topic = CreatableTopic::default().with_name(topic_name(&name));
    if assigned {
        let assignment = pick(rng, &ASSIGNMENTS);
        let one = |&(index, ids): &(i32, &[i32])| {
            CreatableReplicaAssignment::default()
                .with_partition_index(index)
                .with_broker_ids(brokers(ids))
        };
        topic = topic
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_assignments(assignment.iter().map(one).collect());
        *told += &format!(" {short} {assignment:?}");
    } else {
        topic = topic
            .with_num_partitions(partitions)
            .with_replication_factor(factor);
        *told += &format!(" {short} {partitions}/{factor}");
    }
    let mut configs = Vec::new();
    for _ in 0..pick(rng, &[0, 0, 1, 1, 2]) {
        let (name, value) = setting(rng);
        *told += &format!(" {name}={value:?}");
        configs.push(
            CreatableTopicConfig::default()
                .with_name(text(name))
                .with_value(value.map(text)),
        );
    }
    topic.with_configs(configs)
}

pub(super) async fn topics(side: &mut Side, rng: &mut StdRng, known: &mut Known) {
    let version = rng.random_range(2..=7);
    let validate = rng.random_bool(0.3);
    let mut told = format!("validate={validate}");
    let count = pick(rng, &[1, 1, 1, 2]);
    let topics = (0..count).map(|_| topic(side, rng, &mut told));
    let request = CreateTopicsRequest::default()
        .with_topics(topics.collect())
        .with_timeout_ms(10_000)
        .with_validate_only(validate);
    let answer: Option<CreateTopicsResponse> =
        side.send(ApiKey::CreateTopics, version, &request).await;
    let asked = format!("CreateTopics v{version} {told}");
    let Some(mut answer) = answer else {
        return side.note(&asked, "closed");
    };
    answer.topics.sort_by(|a, b| a.name.cmp(&b.name));
    for topic in &mut answer.topics {
        if !topic.topic_id.is_nil() {
            // Also one that was only looked at has an id.
            let id = topic.topic_id;
            let short = topic.name.0.replace(&side.name(""), "");
            match validate {
                true => drop(side.masks.learn(id.to_string(), "ID(validated)")),
                false => known.learn(side, &short, id),
            }
        }
        if let Some(configs) = &mut topic.configs {
            // An own one of the cluster, which this broker does not have.
            configs.retain(|config| &*config.name != "min.insync.replicas");
            configs.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
    side.note(&asked, &format!("{answer:?}"));
}

pub(super) async fn partitions(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(0..=3);
    let validate = rng.random_bool(0.3);
    let topic = pick(rng, &["t0", "t1", "stays", "missing"]);
    let count = pick(rng, &[1, 2, 3, 4, 5, 0, -1]);
    let assignments = pick(rng, &MORE);
    let one = |ids: &&[i32]| CreatePartitionsAssignment::default().with_broker_ids(brokers(ids));
    let asked = CreatePartitionsTopic::default()
        .with_name(topic_name(&side.name(topic)))
        .with_count(count)
        .with_assignments(assignments.map(|all| all.iter().map(one).collect()));
    let twice = rng.random_bool(0.1);
    let topics = if twice {
        vec![asked.clone(), asked]
    } else {
        vec![asked]
    };
    let request = CreatePartitionsRequest::default()
        .with_topics(topics)
        .with_timeout_ms(10_000)
        .with_validate_only(validate);
    let what = format!("{topic} {count} {assignments:?} validate={validate} twice={twice}");
    let _: Option<CreatePartitionsResponse> = side
        .ask(&what, ApiKey::CreatePartitions, version, &request)
        .await;
}
