//! One process after the other, each the same member of its groups.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use micro_kafka::admin::TopicPartition;
use micro_kafka::record::Record;
use micro_kafka::template::KafkaTemplate;
use micro_kafka_proof::history::{self, What};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use super::folder::Folder;
use super::kafka::Kafka;

/// How long everything may take.
const PATIENCE: Duration = Duration::from_secs(240);

#[derive(Debug)]
pub(crate) struct Service {
    folder: Folder,
    bootstrap: String,
    namespace: String,
    kafka: KafkaTemplate,
    processes: usize,
    child: Child,
}

impl Service {
    pub(crate) fn new(kafka: &Kafka) -> Self {
        let folder = Folder::new();
        let (bootstrap, namespace) = (kafka.bootstrap.clone(), kafka.namespace.clone());
        Self {
            child: spawn(&folder, 0, &bootstrap, &namespace),
            folder,
            bootstrap,
            namespace,
            kafka: kafka.template.clone(),
            processes: 1,
        }
    }

    fn again(&mut self) {
        let number = self.processes;
        self.child = spawn(&self.folder, number, &self.bootstrap, &self.namespace);
        self.processes += 1;
    }

    /// `kill -9`, and a new process.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
        self.again();
    }

    /// Starts a new process whenever one dies, until its group has committed the whole topic; how
    /// many died.
    pub(crate) async fn lives_until_committed(&mut self, topic: &str) -> usize {
        let deadline = Instant::now() + PATIENCE;
        let mut deaths = 0;
        loop {
            if let Ok(exit) = timeout(Duration::from_millis(100), self.child.wait()).await {
                deaths += 1;
                eprintln!("{}", exit.unwrap());
                self.again();
            }
            let ends = self.kafka.admin().end_offsets(topic).await.unwrap();
            let committed = self.kafka.admin().committed_offsets(topic).await;
            let committed = committed.unwrap_or_default();
            let done = |(partition, end): (&i32, &i64)| {
                let committed = committed.get(&TopicPartition::new(topic, *partition));
                *end == 0 || committed == Some(end)
            };
            if ends.iter().all(done) {
                return deaths;
            }
            let late = Instant::now() >= deadline;
            assert!(
                !late,
                "{committed:?} of {ends:?}, see {}",
                self.folder.keep().display()
            );
        }
    }

    /// Asks the last process to end; the healthy records that were handled by any of them.
    pub(crate) async fn end(mut self) -> BTreeSet<u64> {
        let id = self.child.id().expect("it runs");
        let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        let exit = timeout(PATIENCE, self.child.wait()).await;
        assert!(exit.expect("it ends").unwrap().success());
        let mut handled = BTreeSet::new();
        for number in 0..self.processes {
            let file = self.folder.path().join(format!("{number}.history"));
            // One that was killed at once has none.
            let text = fs::read_to_string(file).unwrap_or_default();
            let notes = history::read(&text).unwrap().into_iter();
            let ended = notes.filter(|note| note.what == What::Ended);
            handled.extend(ended.map(|note| note.record.number));
        }
        handled
    }
}

fn spawn(folder: &Folder, number: usize, bootstrap: &str, namespace: &str) -> Child {
    let file = |kind: &str| folder.path().join(format!("{number}.{kind}"));
    let log = File::create(file("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_proof-fragile"));
    command
        .args(["--bootstrap-servers", bootstrap])
        .arg("--history")
        .arg(file("history"))
        .env("KAFKA__NAMESPACE", namespace)
        .env("KAFKA__LISTENER__GROUP_INSTANCE_ID", "fragile")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    command.spawn().unwrap()
}

/// What the topic's dead-letter topic holds.
pub(crate) async fn dead_letters(kafka: &KafkaTemplate, topic: &str) -> Vec<Record> {
    let letters = format!("{topic}-dlt");
    let mut found = Vec::new();
    let Ok(ends) = kafka.admin().end_offsets(&letters).await else {
        return found;
    };
    for (partition, end) in ends {
        for offset in 0..end {
            // Of a transaction's end there is none.
            found.extend(kafka.receive(&letters, partition, offset).await.unwrap());
        }
    }
    found
}
