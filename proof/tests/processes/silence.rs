//! What a process takes that sends without end to a broker that does not answer.

use std::time::Duration;

use micro_kafka_broker::fault::ApiKey;
use tokio::time::{Instant, sleep};
use xtask::process::Process;

use super::folder::Folder;
use super::kafka::{Kafka, LISTENERS};
use super::member::{Member, Start};
use super::memory::at_rest;
use super::trial::from_environment;

const TOPIC: &str = "nobody-answers";
/// The budget, and what a process may grow by.
const BUDGET: &str = "32MiB";
const LIMIT_KIB: u64 = 32 * 1024;
/// How long it sends after the broker went silent.
const SECONDS: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsent_records_never_exceed_the_budget() {
    let (kafka, folder) = (Kafka::embedded(&[TOPIC], 2).await, Folder::new());
    let broker = kafka.broker().unwrap();
    let quiet = Member::start(start("quiet", &kafka, &folder, false));
    let before = at_rest(&Process::new(quiet.id(), "proof-service")).await;
    quiet.end().await;

    let silence = broker.faults().on(ApiKey::Produce).silence();
    let member = Member::start(start("sender", &kafka, &folder, true));
    let process = Process::new(member.id(), "proof-service");
    let deadline = Instant::now() + Duration::from_secs(90);
    while silence.hits() == 0 {
        assert!(Instant::now() < deadline, "nothing was sent");
        sleep(Duration::from_millis(50)).await;
    }
    let until = Instant::now() + Duration::from_secs(from_environment("SILENT").unwrap_or(SECONDS));
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(process.usage().unwrap().resident_kib);
        sleep(Duration::from_millis(50)).await;
    }
    let grown = most.saturating_sub(before);
    eprintln!("silent broker: {grown} KiB of {LIMIT_KIB} more than {before}");
    assert!(grown < LIMIT_KIB, "{grown} KiB");
    // Its queue is full: without one it would hold nothing of note.
    assert!(grown > LIMIT_KIB / 8, "{grown} KiB prove nothing");
}

fn start(name: &str, kafka: &Kafka, folder: &Folder, sends: bool) -> Start {
    let quiet = LISTENERS.iter().map(|listener| {
        let key = format!(
            "KAFKA__LISTENERS__{}__AUTO_STARTUP",
            listener.to_uppercase()
        );
        (key, "false".to_owned())
    });
    let own = [
        ("KAFKA__NAMESPACE", kafka.namespace.as_str()),
        ("KAFKA__MEMORY_BUDGET", BUDGET),
    ];
    let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let words = sends.then_some(["--sends-to", TOPIC]);
    Start {
        name: name.to_owned(),
        folder: folder.path().to_owned(),
        bootstrap: kafka.bootstrap.clone(),
        arguments: words.into_iter().flatten().map(str::to_owned).collect(),
        variables: quiet.chain(own).collect(),
    }
}
