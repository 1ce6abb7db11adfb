//! The brokers that the sides are measured on.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Args;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use tokio::runtime::Runtime;
use xtask::kafka::Kafka;

use crate::error::BenchError;
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
    Embedded(Child),
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
        let mut process = Command::new(program)
            .args(["embedded-broker", "--gathering"])
            .arg(gathering.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(BenchError::Output)?;
        let mut line = String::new();
        let out = process.stdout.take().map(BufReader::new);
        let read = out.map_or(Ok(0), |mut out| out.read_line(&mut line));
        read.map_err(BenchError::Output)?;
        Self::new("embedded", line.trim().to_owned(), Kind::Embedded(process))
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
            Kind::Embedded(process) => {
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
}

impl EmbeddedBroker {
    /// Serves until standard input ends.
    pub(crate) fn run(&self) -> Result<(), BenchError> {
        let broker = micro_kafka_broker::Broker::builder()
            .config(DELAY, self.gathering.to_string())
            .start_on_threads(2)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", broker.bootstrap_servers())
            .and_then(|()| out.flush())
            .and_then(|()| std::io::stdin().read_to_end(&mut Vec::new()))
            .map_err(BenchError::Output)?;
        Ok(())
    }
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
