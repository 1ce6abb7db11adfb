//! Exactly once, under `kill -9`: two services copy numbers from topic to topic while they are
//! killed again and again; readers of committed records see each number once.
//!
//! 3,000 numbers and 4 kills; `MICRO_KAFKA_EXACTLY_ONCE=100000,30`, as `cargo xtask proof` sets it,
//! makes it 100,000 and 30.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

const PARTITIONS: i32 = 6;
/// The settings of a service that is to be killed.
const SERVICE: &str = "MICRO_KAFKA_TEST_SERVICE";
const PATIENCE: Duration = Duration::from_secs(120);

#[kafka_listener(
    topics = "in",
    group_id = "copy",
    transactional(max = 200),
    order = "key",
    parallelism = 16,
    send_to = "out"
)]
async fn copy(number: &str) -> String {
    if number.ends_with('7') {
        tokio::task::yield_now().await;
    }
    number.to_owned()
}

/// Numbers, and kills.
fn size() -> (usize, usize) {
    let wanted = std::env::var("MICRO_KAFKA_EXACTLY_ONCE").unwrap_or_default();
    let mut wanted = wanted.split(',').map(|number| number.parse().ok());
    let mut next = |default| wanted.next().flatten().unwrap_or(default);
    (next(3_000), next(4))
}

/// Not a test: the service, in a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_that_is_killed() {
    let Ok(settings) = std::env::var(SERVICE) else {
        return;
    };
    let settings = Config::builder().toml_str("service.toml", &settings);
    let app = KafkaApp::builder().config_from(settings).listener(copy);
    app.build().unwrap().run().await.unwrap();
}

/// A process with the service.
struct Service {
    settings: String,
    child: Child,
}

impl Service {
    /// A static member with transactional ids of its own: both stay the same after a kill.
    fn start(kafka: &EmbeddedKafka, number: usize) -> Self {
        let topic = kafka.wire_name("in");
        let namespace = topic.strip_suffix(".in").unwrap_or_default();
        let namespace = match namespace {
            "" => String::new(),
            name => format!("namespace = \"{name}\"\n"),
        };
        let settings = format!(
            "[kafka]\nbootstrap-servers = \"{}\"\n{namespace}\
             [kafka.listener]\ngroup-instance-id = \"copy-{number}\"\n\
             transaction.id-prefix = \"copy-{number}-\"\n",
            kafka.bootstrap_servers(),
        );
        let child = Self::spawn(&settings);
        Self { settings, child }
    }

    fn spawn(settings: &str) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_service_that_is_killed", "--nocapture"])
            .env(SERVICE, settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn kill_and_restart(&mut self) {
        self.kill();
        self.child = Self::spawn(&self.settings);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How often each number was read.
struct Output {
    consumer: BaseConsumer,
    seen: Vec<u32>,
    distinct: usize,
    ended: [bool; PARTITIONS as usize],
}

impl Output {
    fn of(kafka: &EmbeddedKafka, records: usize) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", kafka.bootstrap_servers())
            .set("group.id", "none")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .create()
            .unwrap();
        let mut partitions = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            let topic = kafka.wire_name("out");
            partitions
                .add_partition_offset(&topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&partitions).unwrap();
        Self {
            consumer,
            seen: vec![0; records],
            distinct: 0,
            ended: [false; PARTITIONS as usize],
        }
    }

    /// Reads until that is so.
    fn until(&mut self, enough: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !enough(self) {
            assert!(started.elapsed() < PATIENCE, "{} arrived", self.distinct);
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    let text = std::str::from_utf8(message.payload().unwrap()).unwrap();
                    let seen = &mut self.seen[text.parse::<usize>().unwrap()];
                    *seen += 1;
                    self.distinct += usize::from(*seen == 1);
                }
                Some(Err(ClientError::PartitionEOF(partition))) => {
                    self.ended[usize::try_from(partition).unwrap()] = true;
                }
                Some(Err(_)) | None => {}
            }
        }
    }
}

async fn send_all(kafka: &EmbeddedKafka, records: usize) {
    let sends = (0..records).map(|number| {
        let key = format!("k{}", number % 1_000);
        let sent = kafka.template().send("in", number.to_string());
        sent.key(key)
    });
    for sent in kafka.template().send_all(sends).await {
        sent.unwrap();
    }
}

#[kafka_test(topics = ["in", "out"], partitions = 6, deadline = "30m")]
async fn each_number_is_there_once_whoever_is_killed(kafka: EmbeddedKafka) {
    let (records, kills) = size();
    let mut services = [0, 1].map(|number| Service::start(&kafka, number));
    send_all(&kafka, records).await;
    tokio::task::block_in_place(|| {
        let mut output = Output::of(&kafka, records);
        for kill in 1..=kills {
            let reached = records * kill / (kills + 1);
            output.until(|output| output.distinct >= reached);
            services[kill % 2].kill_and_restart();
        }
        output.until(|output| output.distinct >= records);
    });
    let committed = kafka.group("copy");
    committed.assert_lag("in", 0).within("60s").await;
    services.iter_mut().for_each(Service::kill);
    tokio::task::block_in_place(|| {
        let mut output = Output::of(&kafka, records);
        output.until(|output| output.ended.iter().all(|ended| *ended));
        let twice = output.seen.iter().filter(|seen| **seen > 1).count();
        assert_eq!((output.distinct, twice), (records, 0), "distinct, twice");
    });
}
