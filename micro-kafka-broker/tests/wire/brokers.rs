//! Several brokers in one process, each asked by its own address.

use std::collections::BTreeSet;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_response::MetadataResponsePartition;
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreateTopicsRequest, CreateTopicsResponse, DescribeClusterRequest,
    DescribeClusterResponse, DescribeConfigsRequest, DescribeConfigsResponse, FetchRequest,
    FetchResponse, FindCoordinatorRequest, FindCoordinatorResponse, GroupId, HeartbeatRequest,
    HeartbeatResponse, ListGroupsRequest, ListGroupsResponse, ListOffsetsRequest,
    ListOffsetsResponse, MetadataRequest, MetadataResponse, ProduceResponse,
};
use micro_kafka_broker::{Broker, BrokerBuilder};

use crate::admin::{assigned, text, topic, topic_name};
use crate::client::Client;
use crate::produce::{batch, fetch, produce};

pub(crate) const NOT_LEADER: i16 = 6;
const NOT_COORDINATOR: i16 = 16;

/// Brokers 1, 2 and 3 with the topic `orders`; broker 1 leads its partition 0, and so on.
pub(crate) fn three() -> BrokerBuilder {
    Broker::builder().brokers(3).broker_id(1).topic("orders", 3)
}

pub(crate) async fn client(broker: &Broker, node: i32) -> Client {
    let address = broker.node(node).unwrap().bootstrap_servers();
    Client::connect(&address).await
}

pub(crate) async fn metadata(client: &mut Client) -> MetadataResponse {
    let request = MetadataRequest::default().with_topics(None);
    client.call(ApiKey::Metadata, 12, &request).await
}

pub(crate) async fn partition(client: &mut Client, index: i32) -> MetadataResponsePartition {
    let answer = metadata(client).await;
    let orders = Some(topic_name("orders"));
    let mut topics = answer.topics.into_iter();
    let topic = topics.find(|topic| topic.name == orders).unwrap();
    let mut partitions = topic.partitions.into_iter();
    partitions.find(|p| p.partition_index == index).unwrap()
}

async fn write(client: &mut Client, acks: i16, values: &[&str]) -> ProduceResponse {
    let request = produce("orders", acks, batch(values));
    client.call(ApiKey::Produce, 10, &request).await
}

pub(crate) async fn write_code(client: &mut Client, acks: i16) -> i16 {
    let answer = write(client, acks, &["a"]).await;
    answer.responses[0].partition_responses[0].error_code
}

pub(crate) async fn read(
    client: &mut Client,
    version: i16,
    request: &FetchRequest,
) -> PartitionData {
    let mut answer: FetchResponse = client.call(ApiKey::Fetch, version, request).await;
    answer.responses.remove(0).partitions.remove(0)
}

async fn coordinator(client: &mut Client, kind: i8, key: &str) -> Option<i32> {
    let request = FindCoordinatorRequest::default()
        .with_key_type(kind)
        .with_coordinator_keys(vec![text(key)]);
    let answer: FindCoordinatorResponse = client.call(ApiKey::FindCoordinator, 4, &request).await;
    let found = &answer.coordinators[0];
    (found.error_code == 0).then_some(found.node_id.0)
}

async fn heartbeat(client: &mut Client, group: &str) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(GroupId(text(group)))
        .with_member_id(text("nobody"));
    let answer: HeartbeatResponse = client.call(ApiKey::Heartbeat, 4, &request).await;
    answer.error_code
}

#[tokio::test]
async fn every_broker_tells_of_all_and_leads_its_share() {
    let broker = three().start().await.unwrap();
    assert_eq!(broker.node_ids(), [1, 2, 3]);
    assert_eq!(broker.bootstrap_servers().split(',').count(), 3);
    for node in broker.node_ids() {
        let mut client = client(&broker, node).await;
        let answer = metadata(&mut client).await;
        let told = answer.brokers.iter().map(|b| (b.node_id.0, b.port));
        let addresses: Vec<_> = told
            .map(|(id, port)| (id, format!("127.0.0.1:{port}")))
            .collect();
        let own = |id| (id, broker.node(id).unwrap().bootstrap_servers());
        assert_eq!(addresses, [own(1), own(2), own(3)]);
        assert_eq!(answer.controller_id, BrokerId(1));
        for index in 0..3 {
            let seen = partition(&mut client, index).await;
            assert_eq!(seen.leader_id, BrokerId(index + 1));
            assert_eq!(seen.replica_nodes.len(), 3);
            assert_eq!(seen.replica_nodes, seen.isr_nodes);
        }
        let request = DescribeClusterRequest::default();
        let answer: DescribeClusterResponse =
            client.call(ApiKey::DescribeCluster, 1, &request).await;
        assert_eq!(answer.brokers.len(), 3);
    }
}

#[tokio::test]
async fn a_broker_describes_itself_and_no_other() {
    let broker = three().start().await.unwrap();
    let mut client = client(&broker, 2).await;
    for (name, code) in [("2", 0), ("1", 42)] {
        let resource = DescribeConfigsResource::default()
            .with_resource_type(4)
            .with_resource_name(text(name))
            .with_configuration_keys(Some(vec![text("node.id"), text("listeners")]));
        let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
        let answer: DescribeConfigsResponse =
            client.call(ApiKey::DescribeConfigs, 4, &request).await;
        assert_eq!(answer.results[0].error_code, code);
        if code == 0 {
            let values = answer.results[0].configs.iter();
            let values: Vec<_> = values.map(|c| c.value.clone().unwrap()).collect();
            assert!(values.contains(&text("2")), "{values:?}");
            let address = broker.node(2).unwrap().bootstrap_servers();
            assert!(
                values.contains(&text(&format!("PLAINTEXT://{address}"))),
                "{values:?}"
            );
        }
    }
}

#[tokio::test]
async fn whoever_writes_in_the_wrong_place_is_told_the_leader() {
    let broker = three().start().await.unwrap();
    let mut wrong = client(&broker, 2).await;
    let answer = write(&mut wrong, -1, &["a"]).await;
    let refused = &answer.responses[0].partition_responses[0];
    assert_eq!(refused.error_code, NOT_LEADER);
    assert_eq!(refused.current_leader.leader_id, BrokerId(1));
    assert_eq!(refused.current_leader.leader_epoch, 0);
    let leader = &answer.node_endpoints[0];
    let address = format!("{}:{}", &*leader.host, leader.port);
    assert_eq!(address, broker.node(1).unwrap().bootstrap_servers());
    let answer = write(&mut Client::connect(&address).await, -1, &["a"]).await;
    assert_eq!(answer.responses[0].partition_responses[0].error_code, 0);
    assert!(answer.node_endpoints.is_empty());
}

#[tokio::test]
async fn consumers_read_from_followers_from_version_11_on() {
    let broker = three().start().await.unwrap();
    let mut leader = client(&broker, 1).await;
    let mut follower = client(&broker, 3).await;
    assert_eq!(write_code(&mut leader, -1).await, 0);
    let request = fetch("orders", 0, 0);
    let refused = read(&mut follower, 10, &request).await;
    assert_eq!(refused.error_code, NOT_LEADER);
    for client in [&mut leader, &mut follower] {
        let data = read(client, 11, &request).await;
        assert_eq!((data.error_code, data.high_watermark), (0, 1));
        assert!(data.records.is_some_and(|records| !records.is_empty()));
    }
    for (client, replica, code) in [(&mut leader, -1, 0), (&mut follower, -1, NOT_LEADER)] {
        let topic = ListOffsetsTopic::default()
            .with_name(topic_name("orders"))
            .with_partitions(vec![ListOffsetsPartition::default().with_timestamp(-1)]);
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(replica))
            .with_topics(vec![topic]);
        let answer: ListOffsetsResponse = client.call(ApiKey::ListOffsets, 5, &request).await;
        assert_eq!(answer.topics[0].partitions[0].error_code, code);
    }
}

#[tokio::test]
async fn coordinators_are_spread_and_move() {
    let broker = three().start().await.unwrap();
    let mut third = client(&broker, 3).await;
    for kind in [0, 1] {
        let mut found = BTreeSet::new();
        for nth in 0..50 {
            found.extend(coordinator(&mut third, kind, &format!("g{nth}")).await);
        }
        assert_eq!(Vec::from_iter(found), [1, 2, 3]);
    }
    let mut names = (0..).map(|nth| format!("g{nth}"));
    let group = loop {
        let name = names.next().unwrap();
        if coordinator(&mut third, 0, &name).await == Some(1) {
            break name;
        }
    };
    assert_eq!(heartbeat(&mut third, &group).await, NOT_COORDINATOR);
    let mut first = client(&broker, 1).await;
    let unknown_member = 25;
    assert_eq!(heartbeat(&mut first, &group).await, unknown_member);
    broker.node(1).unwrap().kill().await;
    let next = coordinator(&mut third, 0, &group).await.unwrap();
    assert_ne!(next, 1);
    let mut next = client(&broker, next).await;
    assert_eq!(heartbeat(&mut next, &group).await, unknown_member);
    // The fault moves it too.
    let before = coordinator(&mut third, 0, &group).await.unwrap();
    let moved = broker.move_group_coordinator(&group);
    let after = coordinator(&mut third, 0, &group).await.unwrap();
    assert_ne!(before, after);
    assert_eq!(moved.hits(), 0);
    let mut before = client(&broker, before).await;
    assert_eq!(heartbeat(&mut before, &group).await, NOT_COORDINATOR);
    let mut after = client(&broker, after).await;
    assert_eq!(heartbeat(&mut after, &group).await, unknown_member);
}

#[tokio::test]
async fn a_broker_lists_the_groups_that_it_coordinates() {
    use kafka_protocol::messages::offset_commit_request::{
        OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    };
    use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};

    let broker = three().start().await.unwrap();
    let mut any = client(&broker, 1).await;
    for nth in 0..12 {
        let group = format!("g{nth}");
        let node = coordinator(&mut any, 0, &group).await.unwrap();
        let topic = OffsetCommitRequestTopic::default()
            .with_name(topic_name("orders"))
            .with_partitions(vec![OffsetCommitRequestPartition::default()]);
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(text(&group)))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![topic]);
        let mut own = client(&broker, node).await;
        let answer: OffsetCommitResponse = own.call(ApiKey::OffsetCommit, 8, &request).await;
        assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    }
    let mut listed = Vec::new();
    for node in broker.node_ids() {
        let mut client = client(&broker, node).await;
        let request = ListGroupsRequest::default();
        let answer: ListGroupsResponse = client.call(ApiKey::ListGroups, 4, &request).await;
        for group in answer.groups {
            let name = group.group_id.to_string();
            assert_eq!(coordinator(&mut any, 0, &name).await, Some(node));
            listed.push(name);
        }
    }
    listed.sort_unstable();
    let mut all: Vec<_> = (0..12).map(|nth| format!("g{nth}")).collect();
    all.sort_unstable();
    assert_eq!(listed, all);
}

#[tokio::test]
async fn replicas_are_placed_on_brokers_that_there_are() {
    let broker = three().start().await.unwrap();
    let mut client = client(&broker, 2).await;
    let mut placed = topic("placed", -1, -1);
    placed.assignments = vec![assigned(0, &[3, 1]), assigned(1, &[2, 3])];
    let mut nowhere = topic("nowhere", -1, -1);
    nowhere.assignments = vec![assigned(0, &[4])];
    let wanted = vec![topic("four", 1, 4), topic("two", 2, 2), placed, nowhere];
    let request = CreateTopicsRequest::default()
        .with_topics(wanted)
        .with_timeout_ms(10_000);
    let answer: CreateTopicsResponse = client.call(ApiKey::CreateTopics, 7, &request).await;
    let codes: Vec<_> = answer.topics.iter().map(|t| t.error_code).collect();
    assert_eq!(codes, [38, 0, 0, 39]);
    let all = metadata(&mut client).await.topics;
    let replicas = |name: &str| {
        let wanted = Some(topic_name(name));
        let mut topics = all.iter();
        let topic = topics.find(|topic| topic.name == wanted).unwrap();
        let lists = topic.partitions.iter().map(|p| p.replica_nodes.clone());
        lists.collect::<Vec<_>>()
    };
    assert_eq!(
        replicas("two"),
        [[BrokerId(1), BrokerId(2)], [BrokerId(2), BrokerId(3)]]
    );
    assert_eq!(
        replicas("placed"),
        [[BrokerId(3), BrokerId(1)], [BrokerId(2), BrokerId(3)]]
    );
}

#[tokio::test]
async fn there_is_at_least_one_broker() {
    let error = Broker::builder().brokers(0).start().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "0 brokers cannot be started: 1 is the least"
    );
    let broker = three().start().await.unwrap();
    assert!(broker.node(0).is_none() && broker.node(4).is_none());
}
