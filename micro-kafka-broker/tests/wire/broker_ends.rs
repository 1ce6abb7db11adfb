//! Brokers of several that end and come back, each asked by its own address.

use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    ApiKey, BrokerId, ElectLeadersRequest, ElectLeadersResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};
use micro_kafka_broker::{Broker, Restart};
use rand::RngExt;

use crate::admin::topic_name;
use crate::brokers::{NOT_LEADER, client, metadata, partition, read, three, write_code};
use crate::client::Client;
use crate::produce::fetch;

const NOT_ENOUGH_REPLICAS: i16 = 19;
const FENCED_LEADER_EPOCH: i16 = 74;

#[tokio::test]
async fn leaders_move_when_a_broker_ends_and_come_back_by_election() {
    let broker = three().start().await.unwrap();
    let first = broker.node(1).unwrap();
    let mut own = client(&broker, 1).await;
    assert_eq!(write_code(&mut own, -1).await, 0);
    first.kill().await;
    assert!(!first.is_running());
    assert!(own.receive().await.is_none(), "its connections have ended");
    let address = first.bootstrap_servers();
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());

    let mut second = client(&broker, 2).await;
    let seen = partition(&mut second, 0).await;
    assert_eq!((seen.leader_id, seen.leader_epoch), (BrokerId(2), 1));
    assert_eq!(seen.isr_nodes, [BrokerId(2), BrokerId(3)]);
    assert_eq!(seen.offline_replicas, [BrokerId(1)]);
    let answer = metadata(&mut second).await;
    assert_eq!(
        (answer.brokers.len(), answer.controller_id),
        (2, BrokerId(2))
    );
    assert_eq!(write_code(&mut second, -1).await, 0, "nothing is lost");
    assert_eq!(epoch_end(&mut second, 0).await, (0, 1));
    assert_eq!(epoch_end(&mut second, 1).await, (1, 2));

    first.start().await.unwrap();
    let mut own = client(&broker, 1).await;
    let seen = partition(&mut own, 0).await;
    assert_eq!((seen.leader_id, seen.leader_epoch), (BrokerId(2), 1));
    assert_eq!(seen.isr_nodes, [BrokerId(2), BrokerId(3), BrokerId(1)]);
    assert_eq!(elect(&mut own, "orders", 0).await, 0);
    let seen = partition(&mut own, 0).await;
    assert_eq!((seen.leader_id, seen.leader_epoch), (BrokerId(1), 2));
    assert_eq!(elect(&mut own, "orders", 0).await, 84, "not needed");
    assert_eq!(write_code(&mut own, -1).await, 0);
    assert_eq!(write_code(&mut second, -1).await, NOT_LEADER);
}

async fn epoch_end(client: &mut Client, epoch: i32) -> (i32, i64) {
    let asked = OffsetForLeaderPartition::default().with_leader_epoch(epoch);
    let topic = OffsetForLeaderTopic::default()
        .with_topic(topic_name("orders"))
        .with_partitions(vec![asked]);
    let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
    let answer: OffsetForLeaderEpochResponse =
        client.call(ApiKey::OffsetForLeaderEpoch, 3, &request).await;
    let end = &answer.topics[0].partitions[0];
    (end.leader_epoch, end.end_offset)
}

/// Has the preferred leader elected.
async fn elect(client: &mut Client, topic: &str, partition: i32) -> i16 {
    let asked = TopicPartitions::default()
        .with_topic(topic_name(topic))
        .with_partitions(vec![partition]);
    let request = ElectLeadersRequest::default().with_topic_partitions(Some(vec![asked]));
    let answer: ElectLeadersResponse = client.call(ApiKey::ElectLeaders, 2, &request).await;
    answer.replica_election_results[0].partition_result[0].error_code
}

#[tokio::test]
async fn a_waiting_fetch_is_told_at_once_that_another_leads() {
    let broker = three().start().await.unwrap();
    let mut admin = client(&broker, 3).await;
    let first = broker.node(1).unwrap();
    first.stop().await;
    first.start().await.unwrap();
    // Broker 2 leads with epoch 1, until broker 1 is elected again.
    let mut reader = client(&broker, 2).await;
    let mut request = fetch("orders", 0, 60_000);
    request.topics[0].partitions[0].current_leader_epoch = 1;
    let reading = tokio::spawn(async move { read(&mut reader, 11, &request).await });
    assert_eq!(elect(&mut admin, "orders", 0).await, 0);
    assert_eq!(reading.await.unwrap().error_code, FENCED_LEADER_EPOCH);
}

#[tokio::test]
async fn without_its_last_replica_in_sync_a_partition_has_no_leader() {
    let broker = three().start().await.unwrap();
    for node in [2, 1] {
        broker.node(node).unwrap().kill().await;
    }
    let mut third = client(&broker, 3).await;
    assert_eq!(partition(&mut third, 0).await.leader_id, BrokerId(3));
    broker.node(3).unwrap().kill().await;
    broker.node(1).unwrap().start().await.unwrap();
    let mut first = client(&broker, 1).await;
    let seen = partition(&mut first, 0).await;
    assert_eq!((seen.error_code, seen.leader_id), (5, BrokerId(-1)));
    assert_eq!(write_code(&mut first, -1).await, NOT_LEADER);
    broker.node(3).unwrap().start().await.unwrap();
    let seen = partition(&mut first, 0).await;
    assert_eq!((seen.error_code, seen.leader_id), (0, BrokerId(3)));
}

#[tokio::test]
async fn too_few_replicas_in_sync_take_no_records_that_want_all() {
    let broker = three()
        .config("min.insync.replicas", "2")
        .start()
        .await
        .unwrap();
    let mut first = client(&broker, 1).await;
    broker.node(2).unwrap().kill().await;
    assert_eq!(write_code(&mut first, -1).await, 0);
    broker.node(3).unwrap().kill().await;
    assert_eq!(write_code(&mut first, -1).await, NOT_ENOUGH_REPLICAS);
    assert_eq!(write_code(&mut first, 1).await, 0);
    broker.node(2).unwrap().start().await.unwrap();
    assert_eq!(write_code(&mut first, -1).await, 0);
}

#[tokio::test]
async fn what_is_on_disk_is_there_again_with_its_replicas_and_all_brokers() {
    let name = format!("micro-kafka-brokers-{:016x}", rand::rng().random::<u64>());
    let dir = std::env::temp_dir().join(name);
    let broker = three().data_dir(&dir).start().await.unwrap();
    broker.node(1).unwrap().kill().await;
    let mut second = client(&broker, 2).await;
    assert_eq!(write_code(&mut second, -1).await, 0);
    broker.restart(Restart::WithData).await.unwrap();
    for node in broker.node_ids() {
        assert!(broker.node(node).unwrap().is_running());
    }
    let mut first = client(&broker, 1).await;
    let seen = partition(&mut first, 0).await;
    assert_eq!(seen.leader_id, BrokerId(1));
    assert_eq!(seen.replica_nodes, [BrokerId(1), BrokerId(2), BrokerId(3)]);
    assert!(seen.leader_epoch > 1, "{}", seen.leader_epoch);
    assert_eq!(epoch_end(&mut first, 1).await, (1, 1));
    let data = read(&mut first, 11, &fetch("orders", 0, 0)).await;
    assert_eq!(data.high_watermark, 1);
    broker.stop().await;
    // One broker alone has it all.
    let alone = Broker::builder().data_dir(&dir).broker_id(7);
    let alone = alone.start().await.unwrap();
    let seen = partition(&mut client(&alone, 7).await, 0).await;
    assert_eq!(seen.replica_nodes, [BrokerId(7)]);
    alone.stop().await;
    std::fs::remove_dir_all(&dir).unwrap();
}

#[tokio::test]
async fn brokers_that_end_together_are_back_together() {
    let broker = three().start().await.unwrap();
    broker.node(2).unwrap().kill().await;
    broker.crash().await;
    let started = broker.node(2).unwrap().start().await;
    let text = started.unwrap_err().to_string();
    assert!(text.contains("Broker::restart"), "{text}");
    broker.restart(Restart::WithData).await.unwrap();
    let mut second = client(&broker, 2).await;
    assert_eq!(metadata(&mut second).await.brokers.len(), 3);
    assert_eq!(partition(&mut second, 1).await.isr_nodes.len(), 3);
}
