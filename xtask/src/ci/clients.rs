//! Other people's programs against `micro-kafka-broker`: kcat, and Apache Kafka's console tools.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::step::{CiError, Run, same_lines};
use crate::kafka::{Jars, KafkaError};
use crate::workspace;

const LIMIT: Duration = Duration::from_secs(2 * 60);
/// What is sent: keys and values, separated by a colon.
const LINES: &str = "a:one\nb:two\na:three\nc:vier und fünf\n";
/// What the example dead-letters.
const DEAD_LETTERS: usize = 606;
/// What each of its dead letters says of its origin and failure, among others.
const HEADERS: [&str; 4] = [
    "kafka_dlt-original-topic=flights,",
    "kafka_dlt-original-consumer-group=arrivals,",
    "kafka_dlt-exception-fqcn=flights::",
    "mk-error=",
];

/// Sends and reads lines with each program, and reads the example's dead letters with their headers.
pub(super) fn check() -> Result<(), CiError> {
    Run::cargo("build --release --locked -p micro-kafka-broker -p flights").check()?;
    let broker = Broker::start()?;
    kcat(&broker)?;
    console_tools(&broker)?;
    dead_letters(&broker)
}

fn kcat(broker: &Broker) -> Result<(), CiError> {
    let lines = broker.file("lines", LINES)?;
    let to = &broker.bootstrap;
    Run::program("kcat", &format!("-b {to} -P -t kcat -K : -z snappy -l"))
        .arguments([&lines])
        .limit(LIMIT)
        .check()?;
    let read = Run::program("kcat", &format!("-q -b {to} -C -t kcat -K : -e")).stdout()?;
    same_lines("what kcat reads", &sorted(&read), &sorted(LINES))
}

fn console_tools(broker: &Broker) -> Result<(), CiError> {
    let (to, lines) = (&broker.bootstrap, broker.file("lines", LINES)?);
    let key = "--reader-property parse.key=true --reader-property key.separator=:";
    let producer = "org.apache.kafka.tools.ConsoleProducer";
    tool(
        producer,
        &format!("--bootstrap-server {to} --topic console {key}"),
    )?
    .input(&lines)?
    .limit(LIMIT)
    .check()?;
    let consumer = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let shown = "--formatter-property print.key=true --formatter-property key.separator=:";
    let until = format!(
        "--from-beginning --max-messages {} --timeout-ms 30000",
        LINES.lines().count()
    );
    let read = tool(
        consumer,
        &format!("--bootstrap-server {to} --topic console {until} {shown}"),
    )?;
    same_lines(
        "what the console consumer reads",
        &sorted(&read.stdout()?),
        &sorted(LINES),
    )
}

pub(crate) fn tool(class: &str, words: &str) -> Result<Run, CiError> {
    let java = Jars::resolve()?.java(class, "-Xmx256m", "WARN");
    Ok(Run::command(java).arguments(words.split_whitespace()))
}

fn dead_letters(broker: &Broker) -> Result<(), CiError> {
    let to = &broker.bootstrap;
    let flights = workspace::target().join("release/flights");
    Run::program(
        &flights.to_string_lossy(),
        &format!("--bootstrap-servers {to}"),
    )
    .stdout()?;
    let letters = Run::program(
        "kcat",
        &format!("-q -b {to} -C -t flights-dlt -e -f %h,\\n"),
    );
    let letters = letters.stdout()?;
    for header in HEADERS {
        let found = letters.matches(header).count();
        same_lines(
            &format!("dead letters that kcat reads with {header}"),
            &found.to_string(),
            &DEAD_LETTERS.to_string(),
        )?;
    }
    Ok(())
}

fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// The program on a port of its own; ended when it is dropped.
pub(super) struct Broker {
    child: Child,
    pub(super) bootstrap: String,
    dir: PathBuf,
}

impl Broker {
    /// In memory.
    fn start() -> Result<Self, CiError> {
        Self::start_with(&[])
    }

    /// With these flags beside the usual ones.
    pub(super) fn start_with(flags: &[&str]) -> Result<Self, CiError> {
        let dir = workspace::target().join("clients");
        fs::create_dir_all(&dir).map_err(KafkaError::io(&dir))?;
        let path = workspace::target().join("release/micro-kafka-broker");
        let mut child = Command::new(&path)
            .args(["--listen", "127.0.0.1:0", "--auto-create"])
            .args(["--default-partitions", "3"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(KafkaError::io(&path))?;
        let mut bootstrap = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut bootstrap)
                .map_err(KafkaError::io(&path))?;
        }
        let bootstrap = bootstrap.trim().to_owned();
        Ok(Self {
            child,
            bootstrap,
            dir,
        })
    }

    /// Stops it as a service manager does, and waits for its end.
    pub(super) fn stop(mut self) -> Result<(), CiError> {
        Run::program("kill", &format!("-TERM {}", self.child.id())).check()?;
        let ended = self.child.wait();
        ended
            .map(drop)
            .map_err(|error| KafkaError::io(&self.dir)(error).into())
    }

    pub(super) fn file(&self, name: &str, text: &str) -> Result<PathBuf, CiError> {
        let path = Path::join(&self.dir, name);
        fs::write(&path, text).map_err(KafkaError::io(&path))?;
        Ok(path)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
