//! Listeners that are paused, sought, watched and told of rebalances while they run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use micro_kafka::listener::{
    AssignedPartition, ContainerEvent, PartitionControl, RebalanceListener, SeekError, SeekTo,
    Target,
};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

type Orders = Journal<(i32, String)>;

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(order: &str, meta: Meta, State(orders): State<Orders>) {
    orders.note((meta.partition(), order.to_owned()));
}

async fn start(kafka: &EmbeddedKafka, orders: &Orders) -> TestApp {
    let app = kafka.app().listener(charge).state(orders.clone());
    app.start().await
}

async fn send(kafka: &EmbeddedKafka, partition: i32, orders: &[&str]) {
    for order in orders {
        kafka.send("orders", *order).partition(partition).await;
    }
}

fn of(orders: &Orders, partition: i32) -> Vec<String> {
    let all = orders.entries().into_iter();
    let own = all.filter(|(number, _)| *number == partition);
    own.map(|(_, order)| order).collect()
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn a_paused_partition_waits_and_keeps_its_place(kafka: EmbeddedKafka) {
    let orders = Orders::new();
    let app = start(&kafka, &orders).await;
    let listener = app.listener("charge");
    let paused = Target::Partition("orders".into(), 0);
    listener.pause(paused.clone());
    send(&kafka, 0, &["a", "b"]).await;
    send(&kafka, 1, &["c", "d"]).await;
    app.quiet().await;
    assert_eq!(of(&orders, 0), [] as [&str; 0]);
    assert_eq!(of(&orders, 1), ["c", "d"]);
    assert!(listener.is_paused(&paused));
    // It holds beyond a stop and a start.
    listener.stop().await;
    listener.start().unwrap();
    listener.assigned(2).await;
    app.quiet().await;
    assert_eq!(of(&orders, 0), [] as [&str; 0]);
    listener.resume(paused);
    listener.settled().await.assert_handled(4);
    assert_eq!(of(&orders, 0), ["a", "b"]);
}

#[kafka_test(topics = ["orders"])]
async fn a_pause_for_a_time_ends_by_itself(kafka: EmbeddedKafka) {
    let orders = Orders::new();
    let app = start(&kafka, &orders).await;
    let listener = app.listener("charge");
    let mut events = listener.events();
    listener.pause_for(Target::All, Duration::from_secs(3_600));
    send(&kafka, 0, &["a"]).await;
    app.quiet().await;
    assert_eq!(orders.entries().len(), 0);
    kafka
        .clock()
        .advance_to(kafka.clock().now() + Duration::from_secs(3_600));
    listener.settled().await.assert_handled(1);
    let told = [events.next().await.unwrap(), events.next().await.unwrap()];
    assert_eq!(*told[0], ContainerEvent::Paused(Target::All));
    assert_eq!(*told[1], ContainerEvent::Resumed(Target::All));
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn a_seek_reads_on_elsewhere_and_outlives_a_restart(kafka: EmbeddedKafka) {
    let orders = Orders::new();
    let app = start(&kafka, &orders).await;
    for (second, order) in (1..).zip(["a", "b", "c", "d"]) {
        let send = kafka.send("orders", order).partition(0);
        send.timestamp(second * 1_000).await;
    }
    send(&kafka, 1, &["x"]).await;
    let listener = app.listener("charge");
    listener.settled().await.assert_handled(5);
    let first = Target::Partition("orders".into(), 0);
    let cases = [
        (SeekTo::Beginning, 0),
        (SeekTo::BeforeEnd(1), 3),
        (SeekTo::Timestamp(2_000), 1),
        (SeekTo::Timestamp(9_000_000_000_000), 4),
        (SeekTo::Relative(-2), 2),
        (SeekTo::Offset(3), 3),
        (SeekTo::By(Arc::new(|_, now| now.map(|now| now - 3))), 1),
    ];
    for (to, expected) in cases {
        let case = format!("{to:?}");
        let before = of(&orders, 0).len();
        let sought = listener.seek(first.clone(), to).await.unwrap();
        assert_eq!(sought[0].offset, expected, "{case}");
        app.quiet().await;
        let again = of(&orders, 0).split_off(before);
        let from = usize::try_from(expected).unwrap();
        assert_eq!(again, ["a", "b", "c", "d"][from..], "{case}");
    }
    assert_eq!(of(&orders, 1), ["x"]);
    // Paused, so that nothing but the seek itself moves the commit.
    listener.pause(Target::All);
    listener.seek(first, SeekTo::Offset(2)).await.unwrap();
    app.stop().await;
    assert_eq!(kafka.committed("billing", "orders").await[&0], 2);
}

#[kafka_test(topics = ["orders"])]
async fn a_seek_of_what_is_not_assigned_says_so(kafka: EmbeddedKafka) {
    let app = start(&kafka, &Orders::new()).await;
    let listener = app.listener("charge");
    let sought = listener.seek(Target::Partition("orders".into(), 7), SeekTo::End);
    assert!(matches!(sought.await, Err(SeekError::NotAssigned { .. })));
}

/// What a hook was told.
#[derive(Debug, Clone)]
struct Hooks(Journal<String>);

impl Hooks {
    fn note(&self, what: &str, partitions: &[AssignedPartition]) {
        self.0.note(format!("{what} {}", partitions.len()));
    }
}

impl RebalanceListener for Hooks {
    fn assigned(&self, listener: &str, partitions: &[AssignedPartition]) {
        self.note(&format!("{listener} assigned"), partitions);
    }

    fn revoked_before_commit(&self, listener: &str, partitions: &[AssignedPartition]) {
        self.note(&format!("{listener} before"), partitions);
    }

    fn revoked_after_commit(&self, listener: &str, partitions: &[AssignedPartition]) {
        self.note(&format!("{listener} after"), partitions);
    }
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn a_program_is_told_of_partitions_that_come_and_go(kafka: EmbeddedKafka) {
    let (orders, told) = (Orders::new(), Journal::new());
    let hooks = Hooks(told.clone());
    let app = kafka.app().listener(charge).state(orders.clone());
    let first = app.rebalance_listener(hooks).start().await;
    let mut events = first.listener("charge").events();
    let second = start(&kafka, &orders).await;
    second.listener("charge").assigned(1).await;
    let mut assignment = first.listener("charge").assignment();
    assignment.wait_for(|all| all.len() == 1).await.unwrap();
    let entries = told.entries();
    assert_eq!(entries.first().unwrap(), "charge assigned 2");
    let before = entries.iter().position(|entry| entry == "charge before 1");
    let after = entries.iter().position(|entry| entry == "charge after 1");
    assert!(before.is_some() && before < after, "{entries:?}");
    let revoked = async {
        while !matches!(&*events.next().await.unwrap(), ContainerEvent::Revoked(all) if all.len() == 1)
        {
        }
    };
    tokio::time::timeout(micro_kafka_test::DEADLINE, revoked)
        .await
        .expect("no event");
    // A stop gives all up.
    let told_before = told.entries().len();
    first.stop().await;
    let of_stop = told.entries().split_off(told_before);
    assert_eq!(of_stop, ["charge before 1", "charge after 1"]);
}

#[kafka_test(topics = ["orders"], config = "[kafka.listener]\nidle-event-interval = '60s'")]
async fn an_idle_listener_is_told_of(kafka: EmbeddedKafka) {
    let app = start(&kafka, &Orders::new()).await;
    let mut events = app.listener("charge").events();
    kafka
        .clock()
        .advance_to(kafka.clock().now() + Duration::from_secs(61));
    let idle = async {
        loop {
            if let ContainerEvent::Idle { idle, .. } = &*events.next().await.unwrap() {
                return *idle;
            }
        }
    };
    let idle = tokio::time::timeout(micro_kafka_test::DEADLINE, idle).await;
    assert!(idle.expect("no event") >= Duration::from_secs(60));
}

#[kafka_listener(topics = "orders", group_id = "control")]
async fn hesitant(order: &str, control: PartitionControl, State(seen): State<Journal<String>>) {
    match (order, seen.note(order.to_owned())) {
        ("wait", _) => control.pause_for(Duration::from_secs(600)),
        ("back", 1..=3) => control.seek(SeekTo::Beginning),
        _ => {}
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_handler_pauses_and_rewinds_its_own_partition(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(hesitant).state(seen.clone());
    let app = app.start().await;
    kafka.send("orders", "wait").await;
    seen.reaches(1).await;
    kafka.send("orders", "back").await;
    kafka.advance("9m").await;
    assert_eq!(seen.entries(), ["wait"]);
    kafka.advance("1m").await;
    seen.reaches(3).await;
    assert_eq!(seen.entries(), ["wait", "back", "wait"]);
    app.stop().await;
}
