//! The program with a file of Kafka's properties.

use std::path::PathBuf;
use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::{PATIENCE, Program, program, text};

/// A file that is removed when the value is dropped.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("micro-kafka-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn flag(&self) -> String {
        format!("--config={}", self.0.display())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Partitions of a topic, which is created by asking: the first answer may not know it yet.
fn partitions(address: &str, topic: &str) -> usize {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", address)
        .set("allow.auto.create.topics", "true");
    let consumer: BaseConsumer = config.create().unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
        let partitions = metadata.topics()[0].partitions().len();
        if partitions > 0 || Instant::now() > deadline {
            return partitions;
        }
    }
}

#[test]
fn a_toml_file_is_obeyed_and_flags_win_over_it() {
    let file = File::new(
        "broker.toml",
        "listeners = \"PLAINTEXT://127.0.0.1:0\"\nauto.create.topics.enable = true\n\
         [num]\npartitions = 5\n",
    );
    let (program, address) = Program::start_bare(&[&file.flag(), "--topic=orders"]);
    assert!(!address.ends_with(":9092"), "{address}");
    assert_eq!(partitions(&address, "orders"), 5);
    assert_eq!(partitions(&address, "asked-for"), 5);
    drop(program);
    let (_program, address) = Program::start(&[&file.flag(), "--set=num.partitions=3"]);
    assert_eq!(partitions(&address, "asked-for"), 3);
    let (_program, address) = Program::start(&[&file.flag(), "--default-partitions=2"]);
    assert_eq!(partitions(&address, "asked-for"), 2);
}

#[test]
fn kafkas_own_file_is_obeyed() {
    let file = File::new(
        "server.properties",
        "process.roles=broker,controller\nnode.id=1\n\
         listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://:9093\n\
         controller.quorum.voters=1@localhost:9093\nnum.partitions=4\n",
    );
    let (_program, address) = Program::start_bare(&[&file.flag(), "--topic=orders"]);
    assert_eq!(partitions(&address, "orders"), 4);
}

#[test]
fn all_mistakes_of_a_file_are_told_with_their_places() {
    let file = File::new("wrong.toml", "num.partition = 1\nnum.partitions = 0\n");
    let output = program(&[&file.flag()]).output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    for says in [
        "wrong.toml:1:5: num.partition: no such broker configuration; did you mean \"num.partitions\"?",
        "wrong.toml:2:18: Invalid value 0 for configuration num.partitions",
    ] {
        assert!(stderr.contains(says), "{stderr}");
    }
}
