//! The broker as a process of its own, with a directory.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rand::RngExt;
use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::producer::FutureProducer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// Nothing in these tests takes this long unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A broker that can be killed and started again at the same address.
pub(crate) struct RestartedBroker {
    dir: PathBuf,
    address: String,
    flags: Vec<String>,
    child: Option<Child>,
}

impl RestartedBroker {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let name = format!("micro-kafka-restart-{:016x}", rand::rng().random::<u64>());
        let dir = std::env::temp_dir().join(name);
        // Held just long enough to know a port that is free.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let mut broker = Self {
            dir,
            address,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            child: None,
        };
        broker.restart();
        broker
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn command(&self, listen: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_micro-kafka-broker"));
        command
            .arg("--listen")
            .arg(listen)
            .arg("--data-dir")
            .arg(&self.dir)
            .args(&self.flags)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        let mut child = self.command(&self.address).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.as_mut().unwrap());
        stdout.read_line(&mut line).unwrap();
        if line.trim_end() != self.address {
            let mut stderr = String::new();
            let mut log = child.stderr.take().unwrap();
            log.read_to_string(&mut stderr).unwrap();
            panic!("the broker did not start: {stderr}");
        }
        self.child = Some(child);
    }

    /// Kills it without a warning.
    pub(crate) fn kill(&mut self) -> String {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        log_of(child.wait_with_output().unwrap())
    }

    /// Stops it as a service manager does; returns its log.
    pub(crate) fn stop(&mut self) -> String {
        let child = self.child.take().unwrap();
        let told = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        assert!(told.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        log_of(output)
    }

    /// What a second broker on the same directory says.
    pub(crate) fn second(&self) -> Output {
        self.command("127.0.0.1:0").output().unwrap()
    }

    fn config(&self, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        // A broker that is away for a moment is asked again soon.
        config.set("reconnect.backoff.ms", "20");
        config.set("reconnect.backoff.max.ms", "100");
        config.set("retry.backoff.ms", "20");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config
    }

    pub(crate) fn producer(&self, settings: &[(&str, &str)]) -> FutureProducer {
        self.client_with(settings)
    }

    /// A consumer of a group, which commits only when told to.
    pub(crate) fn consumer<T: FromClientConfig>(&self, group: &str) -> T {
        let settings = [
            ("group.id", group),
            ("enable.auto.commit", "false"),
            ("auto.offset.reset", "earliest"),
        ];
        self.config(&settings).create().unwrap()
    }

    /// Any other client.
    pub(crate) fn client<T: FromClientConfig>(&self) -> T {
        self.client_with(&[])
    }

    /// Any other client with these settings.
    pub(crate) fn client_with<T: FromClientConfig>(&self, settings: &[(&str, &str)]) -> T {
        self.config(settings).create().unwrap()
    }

    /// Everything that a topic's partition 0 holds, by offset.
    pub(crate) async fn read(&self, topic: &str) -> Vec<(i64, String)> {
        let consumer: StreamConsumer = self
            .config(&[
                ("group.id", "none"),
                ("enable.auto.commit", "false"),
                ("enable.partition.eof", "true"),
            ])
            .create()
            .unwrap();
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(topic, 0, Offset::Beginning)
            .unwrap();
        consumer.assign(&assignment).unwrap();
        let mut records = Vec::new();
        loop {
            let next = tokio::time::timeout(DEADLINE, consumer.recv()).await;
            match next.expect("a record before the deadline") {
                Ok(record) => {
                    let payload = record.payload().unwrap_or_default().to_vec();
                    records.push((record.offset(), String::from_utf8(payload).unwrap()));
                }
                Err(rdkafka::error::KafkaError::PartitionEOF(_)) => return records,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

impl Drop for RestartedBroker {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn log_of(output: Output) -> String {
    String::from_utf8(output.stderr).unwrap()
}
