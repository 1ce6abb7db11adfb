//! What administrators ask of a cluster: directories, pages of topics, leaders.

use kafka_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use kafka_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, ApiKey, BrokerId,
    DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeQuorumRequest, DescribeQuorumResponse,
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, ElectLeadersRequest,
    ElectLeadersResponse, ListConfigResourcesRequest, ListConfigResourcesResponse,
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use crate::batch::Batch;
use crate::kafka::{Kafka, text, topic_name};

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const INVALID_TOPIC_EXCEPTION: i16 = 17;
const UNSUPPORTED_VERSION: i16 = 35;
const INVALID_REPLICA_ASSIGNMENT: i16 = 39;
const INVALID_REQUEST: i16 = 42;
const LOG_DIR_NOT_FOUND: i16 = 57;
const ELECTION_NOT_NEEDED: i16 = 84;
const NO_REASSIGNMENT_IN_PROGRESS: i16 = 85;

#[tokio::test]
async fn a_replica_is_as_large_as_what_was_written_to_it() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 2, &[]).await;
    let batch = Batch::of(3, 100);
    kafka.append(&topic, &batch).await;
    let asked = [(&*topic, vec![0, 1, 7]), ("no-such-topic", vec![0])].map(|(name, indexes)| {
        DescribableLogDirTopic::default()
            .with_topic(topic_name(name))
            .with_partitions(indexes)
    });
    let request = DescribeLogDirsRequest::default().with_topics(Some(asked.to_vec()));
    for version in 1..=4 {
        let answer: DescribeLogDirsResponse = kafka
            .client
            .call(ApiKey::DescribeLogDirs, version, &request)
            .await;
        assert_eq!((answer.error_code, answer.results.len()), (0, 1));
        let dir = &answer.results[0];
        assert!(dir.error_code == 0 && !dir.log_dir.is_empty());
        assert_eq!(dir.topics.len(), 1, "unknown topics are left out");
        let mut sizes: Vec<_> = dir.topics[0]
            .partitions
            .iter()
            .map(|p| {
                (
                    p.partition_index,
                    p.partition_size,
                    p.offset_lag,
                    p.is_future_key,
                )
            })
            .collect();
        sizes.sort_unstable();
        let size = i64::try_from(batch.bytes().len()).unwrap();
        assert_eq!(sizes, [(0, size, 0, false), (1, 0, 0, false)]);
    }
    let nothing = DescribeLogDirsRequest::default().with_topics(Some(Vec::new()));
    let answer: DescribeLogDirsResponse = kafka
        .client
        .call(ApiKey::DescribeLogDirs, 4, &nothing)
        .await;
    assert!(answer.results[0].topics.is_empty());
}

#[tokio::test]
async fn replicas_move_to_no_directory_that_there_is_not() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let nothing = DescribeLogDirsRequest::default().with_topics(Some(Vec::new()));
    let dirs: DescribeLogDirsResponse = kafka
        .client
        .call(ApiKey::DescribeLogDirs, 4, &nothing)
        .await;
    let own = dirs.results[0].log_dir.to_string();
    for (path, codes) in [
        (own.as_str(), [0, UNKNOWN_TOPIC_OR_PARTITION]),
        ("/no/such/dir", [LOG_DIR_NOT_FOUND; 2]),
    ] {
        let moved = AlterReplicaLogDirTopic::default()
            .with_name(topic_name(&topic))
            .with_partitions(vec![0, 7]);
        let dir = AlterReplicaLogDir::default()
            .with_path(text(path))
            .with_topics(vec![moved]);
        let request = AlterReplicaLogDirsRequest::default().with_dirs(vec![dir]);
        let answer: AlterReplicaLogDirsResponse = kafka
            .client
            .call(ApiKey::AlterReplicaLogDirs, 2, &request)
            .await;
        let mut partitions = answer.results[0].partitions.clone();
        partitions.sort_by_key(|p| p.partition_index);
        let outcome: Vec<_> = partitions.iter().map(|p| p.error_code).collect();
        assert_eq!(outcome, codes, "{path}");
    }
}

/// A page of topics: for each its code, name and partitions; and where the next page begins.
type Page = (Vec<(i16, String, Vec<i32>)>, Option<(String, i32)>);

async fn page(kafka: &mut Kafka, names: &[&str], limit: i32, cursor: Option<(&str, i32)>) -> Page {
    let topic = |name: &&str| TopicRequest::default().with_name(topic_name(name));
    let cursor = cursor.map(|(name, partition)| {
        Cursor::default()
            .with_topic_name(topic_name(name))
            .with_partition_index(partition)
    });
    let request = DescribeTopicPartitionsRequest::default()
        .with_topics(names.iter().map(topic).collect())
        .with_response_partition_limit(limit)
        .with_cursor(cursor);
    let answer: DescribeTopicPartitionsResponse = kafka
        .client
        .call(ApiKey::DescribeTopicPartitions, 0, &request)
        .await;
    let topics = answer.topics.iter().map(|topic| {
        for partition in &topic.partitions {
            assert_eq!(partition.eligible_leader_replicas, Some(Vec::new()));
            assert_eq!(partition.last_known_elr, Some(Vec::new()));
            assert_eq!(partition.isr_nodes, partition.replica_nodes);
        }
        let name = topic.name.as_ref().unwrap().to_string();
        let indexes = topic.partitions.iter().map(|p| p.partition_index);
        (topic.error_code, name, indexes.collect())
    });
    let next = answer
        .next_cursor
        .map(|c| (c.topic_name.to_string(), c.partition_index));
    (topics.collect(), next)
}

#[tokio::test]
async fn topics_come_page_by_page_in_the_order_of_their_names() {
    let mut kafka = Kafka::start().await;
    let (a, b) = (
        kafka.topic("a", 1, &[]).await,
        kafka.topic("b", 3, &[]).await,
    );
    let none = kafka.name("none");
    let found = |name: &str, indexes: &[i32]| (0, name.to_owned(), indexes.to_vec());
    let both = [&*b, &*a];
    assert_eq!(
        page(&mut kafka, &[&b, &a, &none, "a b", &a], 100, None).await,
        (
            vec![
                (INVALID_TOPIC_EXCEPTION, "a b".to_owned(), Vec::new()),
                found(&a, &[0]),
                found(&b, &[0, 1, 2]),
                (UNKNOWN_TOPIC_OR_PARTITION, none.clone(), Vec::new()),
            ],
            None
        )
    );
    let next = Some((b.clone(), 0));
    assert_eq!(
        page(&mut kafka, &both, 1, None).await,
        (vec![found(&a, &[0])], next.clone())
    );
    assert_eq!(
        page(&mut kafka, &both, 0, None).await,
        (vec![found(&a, &[0])], next)
    );
    assert_eq!(
        page(&mut kafka, &both, 2, Some((&b, 0))).await,
        (vec![found(&b, &[0, 1])], Some((b.clone(), 2)))
    );
    assert_eq!(
        page(&mut kafka, &both, 2, Some((&b, 2))).await,
        (vec![found(&b, &[2])], None)
    );
    assert_eq!(
        page(&mut kafka, &both, 2, Some((&b, 9))).await,
        (vec![found(&b, &[])], None)
    );
    for cursor in [(&*none, 0), (&*b, -1)] {
        let (topics, next) = page(&mut kafka, &[&b], 2, Some(cursor)).await;
        assert_eq!((topics[0].0, next), (INVALID_REQUEST, None));
    }
}

#[tokio::test]
async fn what_has_settings_is_listed() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let broker = kafka.metadata(&topic).await.brokers[0]
        .node_id
        .0
        .to_string();
    for (kinds, code, listed) in [
        (vec![2], 0, vec![(2, &topic)]),
        (vec![4], 0, vec![(4, &broker)]),
        (vec![8], 0, vec![(8, &broker)]),
        (Vec::new(), 0, vec![(2, &topic), (4, &broker), (8, &broker)]),
        (vec![3], UNSUPPORTED_VERSION, Vec::new()),
    ] {
        let request = ListConfigResourcesRequest::default().with_resource_types(kinds.clone());
        let answer: ListConfigResourcesResponse = kafka
            .client
            .call(ApiKey::ListConfigResources, 1, &request)
            .await;
        assert_eq!(answer.error_code, code, "{kinds:?}");
        for (kind, name) in listed {
            let found =
                |r: &kafka_protocol::messages::list_config_resources_response::ConfigResource| {
                    r.resource_type == kind && r.resource_name == text(name)
                };
            assert!(answer.config_resources.iter().any(found), "{kind} {name}");
        }
        let of_kind = |kind| kinds.is_empty() || kinds.contains(&kind);
        assert!(
            answer
                .config_resources
                .iter()
                .all(|r| of_kind(r.resource_type))
        );
    }
}

#[tokio::test]
async fn a_partition_that_is_led_needs_no_election() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let mut elect = async |kind: i8, name: &str, index: i32| {
        let asked = TopicPartitions::default()
            .with_topic(topic_name(name))
            .with_partitions(vec![index]);
        let request = ElectLeadersRequest::default()
            .with_election_type(kind)
            .with_topic_partitions(Some(vec![asked]))
            .with_timeout_ms(5000);
        let answer: ElectLeadersResponse =
            kafka.client.call(ApiKey::ElectLeaders, 2, &request).await;
        let result = &answer.replica_election_results[0].partition_result[0];
        let message = result.error_message.clone().unwrap_or_default();
        (answer.error_code, result.error_code, message.to_string())
    };
    for kind in [0, 1] {
        let (top, code, text) = elect(kind, &topic, 0).await;
        assert_eq!((top, code), (0, ELECTION_NOT_NEEDED));
        assert_eq!(text, "Leader election not needed for topic partition.");
    }
    let unknown = elect(0, "nope", 0).await;
    let expected = (
        0,
        UNKNOWN_TOPIC_OR_PARTITION,
        "No such topic as nope".to_owned(),
    );
    assert_eq!(unknown, expected);
    let unknown = elect(0, &topic, 7).await;
    assert_eq!((unknown.0, unknown.1), (0, UNKNOWN_TOPIC_OR_PARTITION));
    let wrong = elect(5, &topic, 0).await;
    let expected = (
        INVALID_REQUEST,
        INVALID_REQUEST,
        "Unknown election type 5".to_owned(),
    );
    assert_eq!(wrong, expected);
}

#[tokio::test]
async fn replicas_go_to_no_broker_that_there_is_not() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let own = kafka.metadata(&topic).await.brokers[0].node_id.0;
    let mut reassign = async |name: &str, index: i32, replicas: Option<&[i32]>| {
        let replicas = replicas.map(|ids| ids.iter().copied().map(BrokerId).collect());
        let partition = ReassignablePartition::default()
            .with_partition_index(index)
            .with_replicas(replicas);
        let asked = ReassignableTopic::default()
            .with_name(topic_name(name))
            .with_partitions(vec![partition]);
        let request = AlterPartitionReassignmentsRequest::default()
            .with_timeout_ms(5000)
            .with_topics(vec![asked]);
        let answer: AlterPartitionReassignmentsResponse = kafka
            .client
            .call(ApiKey::AlterPartitionReassignments, 0, &request)
            .await;
        let result = answer.responses[0].partitions[0].clone();
        (
            result.error_code,
            result.error_message.unwrap_or_default().to_string(),
        )
    };
    assert_eq!(
        reassign(&topic, 0, None).await.0,
        NO_REASSIGNMENT_IN_PROGRESS
    );
    assert_eq!(reassign(&topic, 0, Some(&[own])).await.0, 0);
    for (replicas, says) in [
        (
            vec![99],
            "includes broker 99, but no such broker is registered.",
        ),
        (vec![own, own], "more than once."),
        (vec![], "includes an empty replica list."),
    ] {
        let (code, message) = reassign(&topic, 0, Some(&replicas)).await;
        assert_eq!(code, INVALID_REPLICA_ASSIGNMENT, "{message}");
        assert!(message.contains(says), "{message}");
    }
    for (name, index) in [("nope", 0), (&*topic, 7)] {
        let (code, message) = reassign(name, index, Some(&[own])).await;
        assert_eq!(code, UNKNOWN_TOPIC_OR_PARTITION);
        assert!(message.starts_with("Unable to find"), "{message}");
    }
    let request = ListPartitionReassignmentsRequest::default().with_timeout_ms(5000);
    let answer: ListPartitionReassignmentsResponse = kafka
        .client
        .call(ApiKey::ListPartitionReassignments, 0, &request)
        .await;
    assert_eq!((answer.error_code, answer.topics.len()), (0, 0));
}

#[tokio::test]
async fn the_metadata_has_a_leader_and_nothing_else_a_quorum() {
    let mut kafka = Kafka::start().await;
    for (name, code) in [
        ("__cluster_metadata", 0),
        ("orders", UNKNOWN_TOPIC_OR_PARTITION),
    ] {
        let partition = PartitionData::default().with_partition_index(0);
        let topic = TopicData::default()
            .with_topic_name(topic_name(name))
            .with_partitions(vec![partition]);
        let request = DescribeQuorumRequest::default().with_topics(vec![topic]);
        for version in 0..=2 {
            let answer: DescribeQuorumResponse = kafka
                .client
                .call(ApiKey::DescribeQuorum, version, &request)
                .await;
            let partition = &answer.topics[0].partitions[0];
            assert_eq!((answer.error_code, partition.error_code), (0, code));
            let voters = partition.current_voters.iter();
            let voters: Vec<_> = voters.map(|voter| voter.replica_id).collect();
            let leader = (code == 0).then_some(partition.leader_id);
            assert_eq!(voters, Vec::from_iter(leader));
            assert_eq!(answer.nodes.len(), usize::from(code == 0 && version == 2));
        }
    }
}
