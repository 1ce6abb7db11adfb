use rdkafka::consumer::{BaseConsumer, Consumer, StreamConsumer};
use rdkafka::producer::{FutureRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::broker::{DEADLINE, RestartedBroker};

fn committed(consumer: &impl Consumer) -> Vec<Offset> {
    let mut asked = TopicPartitionList::new();
    asked.add_partition("orders", 0);
    asked.add_partition("orders", 1);
    let answer = consumer.committed_offsets(asked, DEADLINE).unwrap();
    answer.elements().iter().map(|e| e.offset()).collect()
}

fn offset(partition: i32, offset: i64) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset("orders", partition, Offset::Offset(offset))
        .unwrap();
    list
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn committed_offsets_outlive_any_end() {
    let mut broker = RestartedBroker::start(&["--topic=orders:2"]);
    let consumer: BaseConsumer = broker.consumer("billing");
    let sync = rdkafka::consumer::CommitMode::Sync;
    consumer.commit(&offset(0, 7), sync).unwrap();
    broker.kill();
    broker.restart();
    assert_eq!(committed(&consumer), [Offset::Offset(7), Offset::Invalid]);
    consumer.commit(&offset(1, 9), sync).unwrap();
    broker.stop();
    broker.restart();
    let expected = [Offset::Offset(7), Offset::Offset(9)];
    assert_eq!(committed(&consumer), expected);
}

/// A member whose broker ends goes on where it was: with its id, in its generation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_go_on_without_a_rebalance() {
    let mut broker = RestartedBroker::start(&["--topic=orders:1"]);
    let consumer: StreamConsumer = broker.consumer("billing");
    consumer.subscribe(&["orders"]).unwrap();
    let producer = broker.producer(&[]);
    let mut generations = Vec::new();
    for round in 0..3 {
        let record = FutureRecord::<(), _>::to("orders").payload("a");
        producer.send(record, DEADLINE).await.unwrap();
        // While the broker is away, the client says so.
        let receiving = async {
            loop {
                if let Ok(received) = consumer.recv().await {
                    return received;
                }
            }
        };
        let received = tokio::time::timeout(DEADLINE, receiving).await;
        let received = received.expect("a record before the deadline");
        consumer
            .commit_message(&received, rdkafka::consumer::CommitMode::Sync)
            .unwrap();
        drop(received);
        let listed = producer
            .client()
            .fetch_group_list(Some("billing"), DEADLINE);
        let listed = listed.unwrap();
        let group = &listed.groups()[0];
        assert_eq!(group.state(), "Stable", "round {round}");
        generations.push(group.members()[0].id().to_owned());
        broker.kill();
        broker.restart();
    }
    generations.dedup();
    assert_eq!(generations.len(), 1, "the same member all the time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_transaction_goes_on_with_its_offsets() {
    let mut broker = RestartedBroker::start(&["--topic=orders:2"]);
    let consumer: BaseConsumer = broker.consumer("billing");
    let producer = broker.producer(&[("transactional.id", "x")]);
    producer.init_transactions(DEADLINE).unwrap();
    for (round, commit) in [(1, true), (2, false)] {
        producer.begin_transaction().unwrap();
        for part in ["before", "after"] {
            let payload = format!("{part} {round}");
            let record = FutureRecord::<(), _>::to("orders").payload(&payload);
            producer.send(record.partition(0), DEADLINE).await.unwrap();
            if part == "before" {
                let group = consumer.group_metadata().unwrap();
                producer
                    .send_offsets_to_transaction(&offset(0, round), &group, DEADLINE)
                    .unwrap();
                broker.kill();
                broker.restart();
            }
        }
        match commit {
            true => producer.commit_transaction(DEADLINE).unwrap(),
            false => producer.abort_transaction(DEADLINE).unwrap(),
        }
    }
    let read = broker.read("orders").await;
    let payloads: Vec<&str> = read.iter().map(|(_, payload)| payload.as_str()).collect();
    assert_eq!(payloads, ["before 1", "after 1"]);
    assert_eq!(committed(&consumer), [Offset::Offset(1), Offset::Invalid]);
}
