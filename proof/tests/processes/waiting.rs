//! What a process takes when very many records wait in a retry topic until they are due.

use std::time::Duration;

use tokio::time::sleep;
use xtask::process::Process;

use super::folder::Folder;
use super::kafka::Kafka;
use super::member::Member;
use super::memory::{all, at_rest, start};
use super::trial::from_environment;

/// What the records of a partition may weigh that are neither done nor where they go next.
const UNFINISHED: &str = "8MiB";
/// That much of each partition with the listener, with who reads its retry topic, and on the way
/// there, 64 MiB of each that the listener may have fetched, and something for the administration.
const LIMIT_KIB: u64 = 224 * 1024;
const PARTITIONS: u32 = 2;

/// For how long it is watched while nothing is due, and what it may take of a processor meanwhile.
const WATCH: Duration = Duration::from_secs(2);
const LIMIT_CPU: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_retry_topics_takes_bounded_memory_and_no_processor() {
    let records = from_environment("WAITING").unwrap_or(40_000);
    let bytes = from_environment("BYTES").unwrap_or(8_192);
    let (kafka, folder) = (Kafka::start(&["waiting"], PARTITIONS).await, Folder::new());
    let mut service = start("waiting", &kafka, &folder);
    let unfinished = "KAFKA__LISTENER__MAX_UNCOMMITTED_BYTES".to_owned();
    service.variables.push((unfinished, UNFINISHED.to_owned()));
    let member = Member::start(service);
    let partition = |number: u64| i32::try_from(number % u64::from(PARTITIONS)).unwrap();
    let send = |payload: &str, number| {
        let send = kafka.template.send("waiting", payload.to_owned());
        send.partition(partition(number))
    };
    all((0..1_000).map(|number| send("", number))).await;
    let of_each = i64::try_from(records.div_ceil(u64::from(PARTITIONS))).unwrap();
    kafka.is_committed("waiting", 0, 500).await;
    let process = Process::new(member.id(), "proof-service");
    let idle = used(&process).await;
    let before = process.usage().unwrap().resident_kib;

    let payload = "x".repeat(usize::try_from(bytes).unwrap());
    all((0..records).map(|number| send(&payload, number))).await;
    for number in 0..u64::from(PARTITIONS) {
        let sent = 500 + of_each - i64::from(number == 1 && records % 2 == 1);
        kafka.is_committed("waiting", partition(number), sent).await;
    }
    let ends = kafka.template.admin().end_offsets("waiting-retry").await;
    let copies = ends.unwrap().values().sum::<i64>();
    assert_eq!(copies, i64::try_from(records).unwrap(), "one copy of each");

    let grown = at_rest(&process).await.saturating_sub(before);
    let used = used(&process).await;
    let waiting = records * bytes / 1024;
    eprintln!(
        "{grown} KiB more than {before}, with {waiting} KiB in {records} records that wait; \
         {used:?} of a processor in {WATCH:?}, {idle:?} while there were none"
    );
    assert!(grown < LIMIT_KIB, "{grown} KiB for {waiting} that wait");
    assert!(waiting > LIMIT_KIB, "{waiting} KiB prove nothing");
    for used in [used, idle] {
        assert!(used < LIMIT_CPU, "{used:?} in {WATCH:?} for nothing");
    }
    assert_eq!(kafka.committed("waiting-retry", 0).await, 0);
    member.end().await;
}

/// The time of a processor that it takes while nothing happens.
async fn used(process: &Process) -> Duration {
    let before = process.usage().unwrap().cpu;
    // The time is the point: there is nothing to wait for.
    sleep(WATCH).await;
    process.usage().unwrap().cpu - before
}
