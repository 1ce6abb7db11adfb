//! What a process takes when a record does not end and very many stand behind it.

use std::time::Duration;

use micro_kafka::template::SendBuilder;
use tokio::time::sleep;
use xtask::process::Process;

use super::folder::Folder;
use super::kafka::Kafka;
use super::member::{Member, Start};
use super::trial::from_environment;

/// Two buffers of 64 MiB at most, of records that were fetched and of records that wait for their
/// key, and something for their administration.
const LIMIT_KIB: u64 = 176 * 1024;

/// Where the stuck record stands, and where the others are.
const STUCK: i32 = 0;
const OTHER: i32 = 1;

/// How often the memory is looked at, and how often it must have been the same to be so for good.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: u32 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_behind_a_stuck_partition_takes_bounded_memory() {
    behind_a_stuck_record("stuck-partition", |_| "k".to_owned()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_behind_a_stuck_key_takes_bounded_memory() {
    // Every second record waits for the stuck one itself.
    let key = |number: u64| match number % 2 {
        0 => "k".to_owned(),
        _ => format!("k{number}"),
    };
    behind_a_stuck_record("stuck-key", key).await;
}

/// A budget for all that a service holds, a quarter of what is behind.
const BUDGET: (&str, u64) = ("48MiB", 48 * 1024);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_stuck_key_the_budget_is_never_exceeded() {
    let key = |number: u64| match number % 2 {
        0 => "k".to_owned(),
        _ => format!("k{number}"),
    };
    within("stuck-key", key, Some(BUDGET)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_stuck_partition_the_budget_is_never_exceeded() {
    within("stuck-partition", |_| "k".to_owned(), Some(BUDGET)).await;
}

async fn behind_a_stuck_record(listener: &str, key: fn(u64) -> String) {
    within(listener, key, None).await;
}

async fn within(listener: &str, key: fn(u64) -> String, budget: Option<(&str, u64)>) {
    let records = from_environment("BEHIND").unwrap_or(60_000);
    let bytes = from_environment("BYTES").unwrap_or(4_096);
    let limit = budget.map_or(LIMIT_KIB, |(_, limit)| limit);
    let (kafka, folder) = (Kafka::start(&[listener], 2).await, Folder::new());
    let mut start = start(listener, &kafka, &folder);
    let variable = |(size, _): (&str, u64)| ("KAFKA__MEMORY_BUDGET".to_owned(), size.to_owned());
    start.variables.extend(budget.map(variable));
    let member = Member::start(start);
    let payload = "x".repeat(usize::try_from(bytes).unwrap());
    let send = |text: &str, partition| {
        kafka
            .template
            .send(listener, text.to_owned())
            .partition(partition)
    };

    all((0..1_000).map(|number| send("x", OTHER).key(format!("k{number}")))).await;
    kafka.is_committed(listener, OTHER, 1_000).await;
    let process = Process::new(member.id(), "proof-service");
    let before = process.usage().unwrap().resident_kib;

    send("stuck", STUCK).key("k").await.unwrap();
    all((0..records).map(|number| send(&payload, STUCK).key(key(number)))).await;
    all((0..1_000).map(|number| send("x", OTHER).key(format!("k{number}")))).await;
    kafka.is_committed(listener, OTHER, 2_000).await;
    let grown = at_rest(&process).await.saturating_sub(before);
    let behind = records * bytes / 1024;
    eprintln!(
        "{listener}: {grown} KiB of {limit} more than {before}, with {behind} KiB in {records} \
         records behind"
    );
    assert!(
        grown < limit,
        "{grown} KiB for {records} records of {bytes} bytes"
    );
    assert!(behind > limit, "{behind} KiB prove nothing");
    assert_eq!(kafka.committed(listener, STUCK).await, 0);
    member.end().await;
}

/// The memory once it has not grown for a while: nothing tells that no more is fetched.
pub(super) async fn at_rest(process: &Process) -> u64 {
    let (mut most, mut same) = (0, 0);
    while same < LOOKS {
        sleep(LOOK).await;
        let now = process.usage().unwrap().resident_kib;
        same = if now > most + 1_024 { 0 } else { same + 1 };
        most = most.max(now);
    }
    most
}

/// Sends them all, not too many at once.
pub(super) async fn all(sends: impl Iterator<Item = SendBuilder>) {
    const AT_ONCE: usize = 2_000;
    let mut deliveries = std::collections::VecDeque::new();
    for send in sends {
        deliveries.push_back(send.queue().await.unwrap());
        if deliveries.len() == AT_ONCE {
            deliveries.pop_front().unwrap().await.unwrap();
        }
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
}

/// A process in which only this listener runs.
pub(super) fn start(listener: &str, kafka: &Kafka, folder: &Folder) -> Start {
    let auto_startup = |listener: &str, starts: bool| {
        let name = listener.to_uppercase().replace('-', "_");
        let key = format!("KAFKA__LISTENERS__{name}__AUTO_STARTUP");
        (key, starts.to_string())
    };
    let others = super::kafka::LISTENERS.iter();
    let others = others.map(|other| auto_startup(other, false));
    let set = |key: &str, value: &str| (format!("KAFKA__{key}"), value.to_owned());
    let own = [
        auto_startup(listener, true),
        set("LISTENER__CONCURRENCY", "1"),
        // Nobody waits for the stuck one.
        set("SHUTDOWN_TIMEOUT", "100ms"),
        ("KAFKA__NAMESPACE".to_owned(), kafka.namespace.clone()),
    ];
    Start {
        name: listener.to_owned(),
        folder: folder.path().to_owned(),
        bootstrap: kafka.bootstrap.clone(),
        arguments: Vec::new(),
        variables: others.chain(own).collect(),
    }
}
