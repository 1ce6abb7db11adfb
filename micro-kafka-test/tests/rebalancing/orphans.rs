//! A static member that is gone in the middle of a cooperative rebalance.

use std::sync::mpsc::{Receiver, Sender, channel};

use rdkafka::ClientContext;
use rdkafka::bindings::rd_kafka_resp_err_t as Code;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::*;

/// What its group asks of a member, with how many partitions.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Take(usize),
    Leave(usize),
}

/// Takes what it is given, and leaves nothing: as a process that is killed at that moment.
struct Stubborn(Sender<Asked>);

impl ClientContext for Stubborn {}

impl ConsumerContext for Stubborn {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let count = partitions.count();
        let asked = if code == Code::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            consumer.incremental_assign(partitions).unwrap();
            Asked::Take(count)
        } else {
            Asked::Leave(count)
        };
        let _ = self.0.send(asked);
    }
}

fn stubborn(kafka: &EmbeddedKafka, instance: &str) -> Receiver<Asked> {
    let (told, asked) = channel();
    let consumer: BaseConsumer<Stubborn> = ClientConfig::new()
        .set("bootstrap.servers", kafka.bootstrap_servers())
        .set("group.id", kafka.wire_name("billing"))
        .set("group.instance.id", instance)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("heartbeat.interval.ms", "200")
        .create_with_context(Stubborn(told))
        .unwrap();
    consumer.subscribe(&[&kafka.wire_name("orders")]).unwrap();
    // It never closes: what it had is taken over by whoever comes with its name.
    std::thread::spawn(move || {
        loop {
            let _ = consumer.poll(Duration::from_millis(50));
        }
    });
    asked
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn what_a_killed_static_member_was_to_pass_on_belongs_to_somebody(kafka: EmbeddedKafka) {
    let patience = micro_kafka_test::DEADLINE;
    let first = stubborn(&kafka, "pod-0");
    assert_eq!(first.recv_timeout(patience).unwrap(), Asked::Take(4));
    let second = stubborn(&kafka, "pod-1");
    assert_eq!(first.recv_timeout(patience).unwrap(), Asked::Leave(2));
    assert_eq!(second.recv_timeout(patience).unwrap(), Asked::Take(0));
    let handled = Journal::new();
    let app = kafka.app().listener(charge).state(Instance {
        name: "again",
        handled: handled.clone(),
    });
    let app = app.set("kafka.listener.concurrency", 2);
    let app = app
        .set("kafka.listener.group-instance-id", "pod")
        .start()
        .await;
    for partition in 0..4 {
        kafka.send("orders", "x").partition(partition).await;
    }
    handled.reaches(4).await;
    app.listener("charge").settled().await.assert_handled(4);
}
