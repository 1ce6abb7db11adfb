//! Apache Kafka's tools on a data directory of `micro-kafka-broker`, and the other way round.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::clients::{Broker, tool};
use super::step::{CiError, Run, same_lines};
use crate::kafka::{Kafka, KafkaError};
use crate::workspace;

const LIMIT: Duration = Duration::from_secs(2 * 60);
const DUMP: &str = "org.apache.kafka.tools.DumpLogSegments";
/// Enough for several segments of the smallest size.
const RECORDS: usize = 30_000;
/// How the records are sent, one after the other: plain, compressed, idempotent, in a transaction.
const WAYS: [&str; 4] = [
    "-z none",
    "-z lz4",
    "-X enable.idempotence=true",
    "-X transactional.id=disk",
];
/// What the tool says of files that are not as they should be.
const FAULTS: [&str; 5] = [
    "isvalid: false",
    "ismatch",
    "out of order",
    "not found",
    "Exception",
];

/// Has Apache Kafka's tool read what the broker wrote, and the broker what Apache Kafka wrote.
pub(super) fn check() -> Result<(), CiError> {
    Run::cargo("build --release --locked -p micro-kafka-broker").check()?;
    let data = workspace::target().join("disk-formats");
    if data.exists() {
        fs::remove_dir_all(&data).map_err(KafkaError::io(&data))?;
    }
    ours_read_by_the_tool(&data)?;
    apaches_read_by_the_broker()
}

fn ours_read_by_the_tool(data: &Path) -> Result<(), CiError> {
    let at = data.to_string_lossy();
    let broker = Broker::start_with(&[
        "--data-dir",
        &at,
        "--topic=formats:1",
        "--config=log.segment.bytes=1048576",
    ])?;
    let lines = broker.file("records", &records())?;
    for way in WAYS {
        send(&broker.bootstrap, way, &lines)?;
    }
    broker.stop()?;
    let partition = data.join("formats-0");
    let of = |extension| files(&partition, extension);
    let logs = dump("--deep-iteration --print-data-log", &of("log")?)?;
    same_lines(
        "records that the tool reads",
        &logs.matches("payload: value").count().to_string(),
        &(WAYS.len() * RECORDS).to_string(),
    )?;
    let indexes = [of("index")?, of("timeindex")?].concat();
    dump("--index-sanity-check", &indexes)?;
    dump("", &indexes)?;
    let snapshots = dump("", &of("snapshot")?)?;
    let known = snapshots.contains("producerId: ");
    same_lines(
        "whether the tool reads producers",
        &known.to_string(),
        "true",
    )
}

/// What is read from Apache Kafka while it runs is what the broker reads from its files.
fn apaches_read_by_the_broker() -> Result<(), CiError> {
    let kafka = Kafka::fresh("disk")?;
    let bootstrap = kafka.start()?;
    let written = write_to(&bootstrap);
    kafka.stop()?;
    let written = written?;
    let data = workspace::target().join("kafka/disk/data");
    let broker = Broker::start_with(&["--data-dir", &data.to_string_lossy()])?;
    let read = read(&broker.bootstrap)?;
    // Looking for the first line that differs takes long.
    if read == written {
        return Ok(());
    }
    same_lines(
        "what the broker reads of Apache Kafka's files",
        &read,
        &written,
    )
}

fn write_to(bootstrap: &str) -> Result<String, CiError> {
    let lines = workspace::target().join("clients/records");
    for way in WAYS {
        send(bootstrap, way, &lines)?;
    }
    read(bootstrap)
}

fn send(bootstrap: &str, way: &str, lines: &Path) -> Result<(), CiError> {
    Run::program(
        "kcat",
        &format!("-b {bootstrap} -P -t formats -p 0 -K : {way} -l"),
    )
    .arguments([lines])
    .limit(LIMIT)
    .check()
}

/// Offset, key, value and timestamp of every committed record.
fn read(bootstrap: &str) -> Result<String, CiError> {
    let committed = "-X isolation.level=read_committed";
    let all = format!("-q -b {bootstrap} -C -t formats -p 0 -o beginning -e {committed}");
    Run::program("kcat", &all)
        .arguments(["-f", "%o %k %s %T\\n"])
        .stdout()
}

fn records() -> String {
    let mut lines = String::new();
    for number in 0..RECORDS {
        // Writing to a string cannot fail.
        let _ = writeln!(
            lines,
            "key{number}:value {number} and something to fill a segment"
        );
    }
    lines
}

fn files(dir: &Path, extension: &str) -> Result<Vec<PathBuf>, CiError> {
    let entries = fs::read_dir(dir).map_err(KafkaError::io(dir))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|known| known == extension))
        .collect();
    found.sort();
    Ok(found)
}

/// What the tool says of files; a fault that it names is an error.
fn dump(flags: &str, files: &[PathBuf]) -> Result<String, CiError> {
    let files: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    let said = tool(DUMP, &format!("{flags} --files {}", files.join(",")))?.stdout()?;
    for fault in FAULTS {
        let found = said.matches(fault).count();
        same_lines(
            &format!("`{fault}` in what the tool says"),
            &found.to_string(),
            "0",
        )?;
    }
    Ok(said)
}
