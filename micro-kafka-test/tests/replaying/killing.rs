//! Processes that replay and are killed: `kill -9`, and again.

use std::process::{Child, Command, Stdio};

use super::*;

/// Where the process that is to be killed finds its Kafka, and the namespace there.
const SERVERS: &str = "MICRO_KAFKA_REPLAY_SERVERS";
const NAMESPACE: &str = "MICRO_KAFKA_REPLAY_NAMESPACE";
const ID: &str = "killed";

/// Not a test: the replay, in a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_replay_that_is_killed() {
    let (Ok(servers), Ok(namespace)) = (std::env::var(SERVERS), std::env::var(NAMESPACE)) else {
        return;
    };
    let replay = replay_at(&servers, &namespace, "orders-dlt");
    replay.rate(1_000).run(ID).await.unwrap();
}

fn spawn(kafka: &EmbeddedKafka) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killing::the_replay_that_is_killed"])
        .env(SERVERS, kafka.bootstrap_servers())
        .env(NAMESPACE, namespace(kafka))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[kafka_test(topics = ["orders:3", "orders-dlt:2"])]
async fn a_replay_outlives_processes_that_are_killed(kafka: EmbeddedKafka) {
    const COUNT: usize = 2_000;
    letters(&kafka, COUNT).await;
    for seen in [100, 600, 1_100] {
        let mut process = spawn(&kafka);
        kafka.records("orders", seen).await;
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let report = replay(&kafka, "orders-dlt").run(ID).await.unwrap();
    assert!(report.resumed);
    let records = kafka.topic("orders").assert_exactly(COUNT).await;
    assert_eq!(not_once(&records, COUNT), BTreeMap::new());
}
