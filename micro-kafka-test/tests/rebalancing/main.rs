//! Several instances of a service: they come, go and are lost while records flow.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod next_generation;
mod orphans;
mod slow_handler;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use micro_kafka::prelude::*;
use micro_kafka::template::DeliveryFuture;
use micro_kafka_test::prelude::*;

const PARTITIONS: u32 = 4;

/// A record whose handler ended, and in which instance.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Handled {
    instance: &'static str,
    partition: i32,
    offset: i64,
}

#[derive(Debug, Clone)]
struct Instance {
    name: &'static str,
    handled: Journal<Handled>,
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(meta: Meta, State(instance): State<Instance>) {
    tokio::time::sleep(Duration::from_millis(2)).await;
    instance.handled.note(Handled {
        instance: instance.name,
        partition: meta.partition(),
        offset: meta.offset(),
    });
}

/// Starts one more instance and waits until the group has all partitions again.
async fn join(
    kafka: &EmbeddedKafka,
    name: &'static str,
    handled: &Journal<Handled>,
    settings: &[(&str, &str)],
) -> TestApp {
    let mut app = kafka.app().listener(charge).state(Instance {
        name,
        handled: handled.clone(),
    });
    for (key, value) in settings {
        app = app.set(format!("kafka.consumer.properties.{key}"), value);
    }
    let app = app.start().await;
    app.listener("charge").assigned(1).await;
    app
}

/// Records that are sent in the background, to all partitions in turn, until it is stopped.
struct Traffic {
    sent: Arc<AtomicU32>,
    over: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Vec<DeliveryFuture>>,
}

impl Traffic {
    async fn start(kafka: &EmbeddedKafka) -> Self {
        // A broker that is not the leader yet puts a first record off, and it is refused if others
        // have followed it meanwhile.
        for partition in 0..PARTITIONS {
            kafka
                .send("orders", "x")
                .partition(partition.cast_signed())
                .await;
        }
        let (sent, over) = (
            Arc::new(AtomicU32::new(1)),
            Arc::new(AtomicBool::new(false)),
        );
        let task = tokio::spawn({
            let (kafka, sent, over) = (kafka.clone(), Arc::clone(&sent), Arc::clone(&over));
            async move {
                let mut deliveries = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    for partition in 0..PARTITIONS {
                        let send = kafka.template().send("orders", "x");
                        let send = send.partition(partition.cast_signed()).queue();
                        deliveries.push(send.await.unwrap());
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                deliveries
            }
        });
        Self { sent, over, task }
    }

    /// Waits until so many more rounds were sent.
    async fn flows(&self, rounds: u32) {
        let goal = self.sent.load(Ordering::Relaxed) + rounds;
        while self.sent.load(Ordering::Relaxed) < goal {
            assert!(!self.task.is_finished(), "a send was refused, see above");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// How many records each partition has in the end.
    async fn stop(self) -> i64 {
        self.over.store(true, Ordering::Relaxed);
        for delivery in self.task.await.unwrap() {
            delivery.await.unwrap();
        }
        i64::from(self.sent.load(Ordering::Relaxed))
    }
}

fn by_partition(handled: &[Handled]) -> BTreeMap<i32, Vec<i64>> {
    let mut offsets = BTreeMap::<i32, Vec<i64>>::new();
    for record in handled {
        offsets
            .entry(record.partition)
            .or_default()
            .push(record.offset);
    }
    offsets
}

/// Every record of every partition was handled; the numbers of what was not, and of all calls.
fn assert_none_lost(handled: &[Handled], each: i64) {
    let offsets = by_partition(handled);
    let lost = |partition: &i32| {
        let handled = offsets[partition].iter().collect::<BTreeSet<_>>();
        let lost = (0..each).filter(|offset| !handled.contains(offset));
        lost.collect::<Vec<_>>()
    };
    let lost = (0..PARTITIONS.cast_signed()).map(|p| (p, lost(&p)));
    let lost = lost
        .filter(|(_, lost)| !lost.is_empty())
        .collect::<Vec<_>>();
    assert!(
        lost.is_empty(),
        "of {each} in each partition were lost: {lost:?}"
    );
}

/// Every record of every partition once, in order.
fn assert_once_in_order(handled: &[Handled], each: i64) {
    assert_none_lost(handled, each);
    for (partition, offsets) in by_partition(handled) {
        let twice = offsets.windows(2).filter(|pair| pair[0] >= pair[1]);
        let twice = twice.collect::<Vec<_>>();
        assert!(
            twice.is_empty(),
            "partition {partition}: twice or out of order: {twice:?}"
        );
    }
}

/// Stops one cleanly, and lets records flow on.
async fn leave(app: TestApp, traffic: &Traffic) {
    let report = app.stop().await;
    assert_eq!(report.abandoned, 0, "{report:?}");
    traffic.flows(10).await;
}

async fn come_and_go(kafka: &EmbeddedKafka, settings: &[(&str, &str)]) {
    let handled = Journal::new();
    let traffic = Traffic::start(kafka).await;
    let arrive = async |name| {
        let app = join(kafka, name, &handled, settings).await;
        traffic.flows(10).await;
        app
    };
    let first = arrive("first").await;
    let second = arrive("second").await;
    let third = arrive("third").await;
    leave(second, &traffic).await;
    leave(first, &traffic).await;
    let fourth = arrive("fourth").await;
    leave(third, &traffic).await;
    let each = traffic.stop().await;
    fourth.listener("charge").settled().await;
    assert_once_in_order(&handled.entries(), each);
    fourth.stop().await;
    let committed = kafka.committed("billing", "orders").await;
    let whole = committed.values().all(|offset| *offset == each);
    assert!(whole, "{committed:?}");
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn instances_come_and_go_and_every_record_is_handled_once(kafka: EmbeddedKafka) {
    let strategy = ("partition.assignment.strategy", "cooperative-sticky");
    come_and_go(&kafka, &[strategy]).await;
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn eager_instances_come_and_go_and_every_record_is_handled_once(kafka: EmbeddedKafka) {
    come_and_go(&kafka, &[("partition.assignment.strategy", "range")]).await;
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn a_lost_instance_costs_duplicates_and_no_record(kafka: EmbeddedKafka) {
    let handled = Journal::new();
    let traffic = Traffic::start(&kafka).await;
    let first = join(&kafka, "first", &handled, &[]).await;
    let second = join(&kafka, "second", &handled, &[]).await;
    traffic.flows(20).await;
    drop(first);
    second
        .listener("charge")
        .assigned(PARTITIONS as usize)
        .await;
    traffic.flows(10).await;
    let each = traffic.stop().await;
    second.listener("charge").settled().await;
    assert_none_lost(&handled.entries(), each);
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn a_static_member_comes_back_to_its_partitions_without_a_rebalance(kafka: EmbeddedKafka) {
    let handled = Journal::new();
    let first = join(&kafka, "first", &handled, &[("group.instance.id", "one")]).await;
    let second = join(&kafka, "second", &handled, &[("group.instance.id", "two")]).await;
    let own = |app: &TestApp| {
        let partitions = app.listener("charge").assignment().borrow().clone();
        partitions
            .into_iter()
            .map(|own| own.partition)
            .collect::<BTreeSet<_>>()
    };
    first.quiet().await;
    let (before, mut others) = (own(&first), second.listener("charge").assignment());
    assert_eq!(before.len(), 2, "{before:?}");
    assert_eq!(own(&second).len(), 2);
    others.mark_unchanged();
    first.stop().await;
    for partition in 0..4 {
        kafka.send("orders", "x").partition(partition).await;
    }
    let first = join(
        &kafka,
        "first again",
        &handled,
        &[("group.instance.id", "one")],
    )
    .await;
    assert_eq!(own(&first), before);
    handled.reaches(4).await;
    assert!(!others.has_changed().unwrap(), "the group was rebalanced");
    let by_first = handled
        .entries()
        .into_iter()
        .filter(|h| h.instance == "first again");
    let by_first = by_first
        .map(|record| record.partition)
        .collect::<BTreeSet<_>>();
    assert_eq!(by_first, before);
}

#[kafka_test(
    topics = ["orders"],
    partitions = 4,
    config = "[kafka.listener]\nconcurrency = 2\ngroup-instance-id = '${NO_SUCH_POD:pod}'"
)]
async fn each_consumer_of_a_static_member_has_a_name_of_its_own(kafka: EmbeddedKafka) {
    let handled = Journal::new();
    let app = join(&kafka, "static", &handled, &[]).await;
    // Two of one name would put each other out of the group.
    let mut assignment = app.listener("charge").assignment();
    let spread = assignment.wait_for(|all| {
        let consumers = all.iter().map(|own| own.consumer);
        all.len() == 4 && consumers.collect::<BTreeSet<_>>().len() == 2
    });
    let spread = tokio::time::timeout(micro_kafka_test::DEADLINE, spread).await;
    spread.expect("not both have partitions").unwrap();
    for partition in 0..4 {
        kafka.send("orders", "x").partition(partition).await;
    }
    app.listener("charge").settled().await.assert_handled(4);
    assert!(app.health().is_up(), "{:?}", app.health());
}
