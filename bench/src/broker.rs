//! The brokers that the sides are measured on.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Args;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use tokio::runtime::Runtime;
use xtask::kafka::Kafka;
use xtask::workspace;

use crate::error::BenchError;
use crate::meter::resident_kib_of;
use crate::side::admin;

/// How long a new group waits for further members.
const DELAY: &str = "group.initial.rebalance.delay.ms";
const PATIENCE: Duration = Duration::from_secs(30);

/// A running broker, and a client that creates and deletes its topics.
pub(crate) struct Broker {
    name: String,
    bootstrap: String,
    kind: Kind,
    admin: AdminClient<DefaultClientContext>,
    runtime: Runtime,
}

enum Kind {
    Apache(Kafka),
    /// A process that prints its address, and ends with its standard input.
    Process(Child),
    Elsewhere,
}

impl Broker {
    /// Starts Apache Kafka in an empty folder; it stops when the value is dropped.
    ///
    /// A new group waits `gathering` for further members before it hands out partitions.
    pub(crate) fn apache(gathering: Duration) -> Result<Self, BenchError> {
        let delay = gathering.as_millis().to_string();
        let kafka = Kafka::fresh("bench")?.property(DELAY, delay);
        let bootstrap = kafka.start()?;
        Self::new("apache", bootstrap, Kind::Apache(kafka))
    }

    /// Starts the embedded broker in a process of its own, so that what it costs is not counted as
    /// a side's; it ends when the value is dropped.
    pub(crate) fn embedded(gathering: Duration) -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::Output)?;
        Self::process("embedded", embedded(&program, gathering))
    }

    /// The same with a directory, which is emptied first.
    pub(crate) fn embedded_on_disk(gathering: Duration) -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::Output)?;
        let mut command = embedded(&program, gathering);
        command.arg("--data-dir").arg(empty("embedded")?);
        Self::process("embedded-disk", command)
    }

    /// Builds and starts kfake, the broker of franz-go; Go and its module proxy are needed.
    pub(crate) fn kfake(on_disk: bool) -> Result<Self, BenchError> {
        let source = workspace::root().join("bench/peers/kfake");
        let program = workspace::target().join("bench/kfake");
        let built = Command::new("go")
            .args(["build", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(source)
            .status()
            .map_err(BenchError::Output)?;
        if !built.success() {
            return Err(BenchError::Peer {
                peer: "kfake",
                command: "go build",
                status: built,
            });
        }
        let mut command = Command::new(program);
        if on_disk {
            command.arg(empty("kfake")?);
        }
        Self::process(if on_disk { "kfake-disk" } else { "kfake" }, command)
    }

    /// Starts a process that prints its address.
    fn process(name: &str, mut command: Command) -> Result<Self, BenchError> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(BenchError::Output)?;
        let mut line = String::new();
        let out = process.stdout.take().map(BufReader::new);
        let read = out.map_or(Ok(0), |mut out| out.read_line(&mut line));
        read.map_err(BenchError::Output)?;
        Self::new(name, line.trim().to_owned(), Kind::Process(process))
    }

    /// Its memory in KiB, where it is a process of ours.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        match &self.kind {
            Kind::Process(process) => resident_kib_of(&process.id().to_string()).ok(),
            Kind::Apache(_) | Kind::Elsewhere => None,
        }
    }

    /// A broker that somebody else runs.
    pub(crate) fn elsewhere(bootstrap: &str) -> Result<Self, BenchError> {
        Self::new(bootstrap, bootstrap.to_owned(), Kind::Elsewhere)
    }

    fn new(name: &str, bootstrap: String, kind: Kind) -> Result<Self, BenchError> {
        let runtime = Runtime::new().map_err(BenchError::Output)?;
        let admin = admin(&bootstrap)?;
        Ok(Self {
            name: name.to_owned(),
            bootstrap,
            kind,
            admin,
            runtime,
        })
    }

    /// What the report calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    pub(crate) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Creates a topic.
    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), BenchError> {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let created = self
            .runtime
            .block_on(self.admin.create_topics([&new], &options()))?;
        answered(created)
    }

    /// Deletes a topic and its records.
    pub(crate) fn delete_topic(&self, topic: &str) -> Result<(), BenchError> {
        answered(
            self.runtime
                .block_on(self.admin.delete_topics(&[topic], &options()))?,
        )
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let stopped = match &mut self.kind {
            Kind::Apache(kafka) => kafka
                .stop()
                .and_then(|_| kafka.wipe())
                .map_err(|error| error.to_string()),
            Kind::Process(process) => {
                // It ends with its standard input.
                drop(process.stdin.take());
                process.wait().map(drop).map_err(|error| error.to_string())
            }
            Kind::Elsewhere => Ok(()),
        };
        if let Err(error) = stopped {
            eprintln!("bench: broker {} is not cleared away: {error}", self.name);
        }
    }
}

/// The embedded broker as a process: prints its address, and ends with its standard input.
#[derive(Debug, Args)]
pub(crate) struct EmbeddedBroker {
    #[arg(long)]
    gathering: u64,
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

impl EmbeddedBroker {
    /// Serves until standard input ends.
    pub(crate) fn run(&self) -> Result<(), BenchError> {
        let mut builder =
            micro_kafka_broker::Broker::builder().config(DELAY, self.gathering.to_string());
        if let Some(path) = &self.data_dir {
            builder = builder.data_dir(path);
        }
        let broker = builder.start_on_threads(2)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", broker.bootstrap_servers())
            .and_then(|()| out.flush())
            .and_then(|()| std::io::stdin().read_to_end(&mut Vec::new()))
            .map_err(BenchError::Output)?;
        Ok(())
    }
}

fn embedded(program: &Path, gathering: Duration) -> Command {
    let mut command = Command::new(program);
    let gathering = gathering.as_millis().to_string();
    command.args(["embedded-broker", "--gathering", &gathering]);
    command
}

/// An empty folder for a broker's data.
fn empty(name: &str) -> Result<PathBuf, BenchError> {
    let dir = workspace::target().join("bench/data").join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).map_err(BenchError::Output)?;
    }
    std::fs::create_dir_all(&dir).map_err(BenchError::Output)?;
    Ok(dir)
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE))
}

fn answered(answers: Vec<rdkafka::admin::TopicResult>) -> Result<(), BenchError> {
    answers
        .into_iter()
        .try_for_each(|answer| answer.map(drop))
        .map_err(|(topic, code)| BenchError::Topic { topic, code })
}
