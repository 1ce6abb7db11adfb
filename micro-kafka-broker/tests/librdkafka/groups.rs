//! Consumer groups.

use std::collections::HashSet;

use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::FutureRecord;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::kafka::{DEADLINE, Kafka, next};

/// Sends `count` records to each of `partitions` partitions.
async fn fill(kafka: &Kafka, topic: &str, partitions: i32, count: usize) {
    let producer = kafka.producer(&[]);
    let mut sends = Vec::new();
    for nth in 0..count {
        for partition in 0..partitions {
            let payload = format!("{partition}/{nth}");
            let record = FutureRecord::<str, _>::to(topic)
                .payload(&payload)
                .partition(partition);
            sends.push(producer.send_result(record).map_err(|(e, _)| e).unwrap());
        }
    }
    for send in sends {
        send.await.unwrap().map_err(|(e, _)| e).unwrap();
    }
}

#[tokio::test]
async fn a_group_goes_on_where_it_committed() {
    let kafka = Kafka::start();
    let topic = kafka.topic("resume", 1).await;
    let group = kafka.name("g");
    fill(&kafka, &topic, 1, 100).await;
    {
        let consumer = kafka.consumer(&group, &[]);
        consumer.subscribe(&[&topic]).unwrap();
        for _ in 0..40 {
            let record = next(&consumer).await;
            consumer.commit_message(&record, CommitMode::Sync).unwrap();
        }
    }
    let consumer = kafka.consumer(&group, &[]);
    consumer.subscribe(&[&topic]).unwrap();
    assert_eq!(next(&consumer).await.offset(), 40);
    let mut asked = TopicPartitionList::new();
    asked.add_partition(&topic, 0);
    let committed = consumer.committed_offsets(asked, DEADLINE).unwrap();
    assert_eq!(committed.elements()[0].offset(), Offset::Offset(40));
}

#[tokio::test]
async fn an_unknown_group_has_no_offsets_and_no_error() {
    let kafka = Kafka::start();
    let topic = kafka.topic("unknown", 2).await;
    let consumer = kafka.consumer(&kafka.name("nobody"), &[]);
    let mut asked = TopicPartitionList::new();
    asked.add_partition(&topic, 0);
    asked.add_partition(&topic, 1);
    let committed = consumer.committed_offsets(asked, DEADLINE).unwrap();
    for element in committed.elements() {
        assert_eq!(element.error(), Ok(()));
        assert_eq!(element.offset(), Offset::Invalid);
    }
}

/// Reads for ever and reports each record.
async fn report(
    consumer: StreamConsumer,
    member: usize,
    out: mpsc::UnboundedSender<(usize, String)>,
) {
    while let Ok(record) = consumer.recv().await {
        let payload = String::from_utf8(record.payload().unwrap().to_vec()).unwrap();
        if out.send((member, payload)).is_err() {
            return;
        }
        consumer.commit_message(&record, CommitMode::Async).unwrap();
    }
}

async fn two_members_share(strategy: &str) {
    let kafka = Kafka::start();
    let topic = kafka.topic("share", 4).await;
    let group = kafka.name("g");
    let settings = [
        ("partition.assignment.strategy", strategy),
        ("heartbeat.interval.ms", "100"),
    ];
    let (out, mut reports) = mpsc::unbounded_channel();
    let mut members = JoinSet::new();
    for member in 0..2 {
        let consumer = kafka.consumer(&group, &settings);
        consumer.subscribe(&[&topic]).unwrap();
        members.spawn(report(consumer, member, out.clone()));
    }
    // Until both have partitions: records to all of them reach both.
    let mut seen: HashSet<usize> = HashSet::new();
    let mut payloads: HashSet<String> = HashSet::new();
    let mut round = 0;
    while seen.len() < 2 {
        round += 1;
        assert!(round < 200, "both members get partitions");
        fill(&kafka, &topic, 4, 5).await;
        for _ in 0..20 {
            let report = tokio::time::timeout(DEADLINE, reports.recv()).await;
            let (member, payload) = report.expect("a record").unwrap();
            seen.insert(member);
            payloads.insert(payload);
        }
    }
    assert_eq!(payloads.len(), 20);
    // Consumers leave the group while the broker is still there.
    members.shutdown().await;
}

#[tokio::test]
async fn members_share_the_partitions_of_an_eager_group() {
    two_members_share("range,roundrobin").await;
}

#[tokio::test]
async fn members_share_the_partitions_of_a_cooperative_group() {
    two_members_share("cooperative-sticky").await;
}

#[tokio::test]
async fn a_static_member_comes_back_without_waiting() {
    let kafka = Kafka::start();
    let topic = kafka.topic("static", 1).await;
    let group = kafka.name("g");
    fill(&kafka, &topic, 1, 2).await;
    let settings = [
        ("group.instance.id", "one"),
        ("session.timeout.ms", "30000"),
    ];
    for _ in 0..2 {
        let begun = std::time::Instant::now();
        let consumer = kafka.consumer(&group, &settings);
        consumer.subscribe(&[&topic]).unwrap();
        assert_eq!(next(&consumer).await.offset(), 0);
        assert!(begun.elapsed().as_secs() < 20, "no session had to expire");
    }
}

#[tokio::test]
async fn groups_are_listed_with_their_members() {
    let kafka = Kafka::start();
    let topic = kafka.topic("listed", 1).await;
    let group = kafka.name("g");
    fill(&kafka, &topic, 1, 1).await;
    let consumer = kafka.consumer(&group, &[("client.id", "reader")]);
    consumer.subscribe(&[&topic]).unwrap();
    next(&consumer).await;
    let listed = consumer.fetch_group_list(Some(&group), DEADLINE).unwrap();
    let found = listed.groups().iter().find(|g| g.name() == group).unwrap();
    assert_eq!(
        (found.state(), found.protocol_type()),
        ("Stable", "consumer")
    );
    assert_eq!(found.members().len(), 1);
    assert_eq!(found.members()[0].client_id(), "reader");
    assert!(
        found.members()[0]
            .assignment()
            .is_some_and(|a| !a.is_empty())
    );
}
