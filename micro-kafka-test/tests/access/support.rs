//! The Kafka with the lists, a user who may do what they say, and the owner of everything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use micro_kafka::admin::{KafkaAdmin, NewTopic, TopicPartition};
use micro_kafka::config::Config;
use micro_kafka::listener::HealthReason;
use micro_kafka::prelude::*;
use micro_kafka::{KafkaApp, RunningApp};

use crate::lists::{Lists, On, Operation};

/// How long anything may take on a machine with much else to do.
const LONG: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// A namespace, and what the bounded user may do in it.
pub(crate) struct Access {
    values: HashMap<String, String>,
    namespace: String,
    user: String,
    lists: Lists,
    /// An application of the owner's, without listeners.
    owner: RunningApp,
}

impl Access {
    /// `None` where there is no such Kafka: the step `secured` has one.
    pub(crate) async fn kafka() -> Option<Self> {
        let kafka = Self::of("bounded-user").await?;
        // Or it would hang on the topics of other tests, since `Write` on any of them is enough.
        kafka.allow(On::Cluster, Operation::IdempotentWrite);
        Some(kafka)
    }

    /// The same for a user who has no right at all.
    pub(crate) async fn powerless() -> Option<Self> {
        let kafka = Self::of("powerless-user").await?;
        kafka.lists.clear(&kafka.user);
        Some(kafka)
    }

    async fn of(user: &str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let file = std::env::var_os("MICRO_KAFKA_SECURED")?;
        let text = std::fs::read_to_string(file).unwrap();
        let values = text.lines().filter_map(|line| line.split_once('='));
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let values: HashMap<_, _> = values.collect();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("a{}-{number}", std::process::id());
        let settings = format!(
            "[kafka]\nbootstrap-servers = '{}'\nnamespace = '{namespace}'\n",
            values["plaintext"]
        );
        let owner = sender(config(&settings));
        Some(Self {
            lists: Lists::connect(&values["plaintext"]),
            user: values[user].clone(),
            namespace,
            owner: owner.start().await.unwrap(),
            values,
        })
    }

    /// The settings of the bounded user, with more behind them.
    pub(crate) fn config(&self, more: &str) -> Config {
        config(&format!(
            "[kafka]\nbootstrap-servers = '{}'\nnamespace = '{}'\n\
             [kafka.security]\nprotocol = 'sasl-plaintext'\nallow-plaintext-credentials = true\n\
             [kafka.sasl]\nmechanism = 'PLAIN'\nusername = '{}'\npassword = '{}'\n{more}",
            self.values["open"], self.namespace, self.user, self.values["bounded-password"]
        ))
    }

    /// The name that the broker knows.
    pub(crate) fn wire(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    pub(crate) fn allow(&self, on: On<'_>, operation: Operation) {
        self.lists.allow(&self.user, on, operation);
    }

    pub(crate) fn forbid(&self, on: On<'_>, operation: Operation) {
        self.lists.forbid(&self.user, on, operation);
    }

    pub(crate) fn allow_topic(&self, topic: &str, operations: &[Operation]) {
        let wire = self.wire(topic);
        for operation in operations {
            self.allow(On::Topic(&wire), *operation);
        }
    }

    pub(crate) fn allow_group(&self, group: &str) {
        self.allow(On::Group(&self.wire(group)), Operation::Read);
    }

    /// What the error must say of a right on a topic or group.
    pub(crate) fn needs(&self, right: &str, kind: &str, name: &str) -> String {
        let (user, name) = (&self.user, self.wire(name));
        format!("the principal `User:{user}` needs {right} on {kind} `{name}` (`kafka-acls --add")
    }

    pub(crate) fn admin(&self) -> KafkaAdmin {
        self.owner.template().admin()
    }

    /// Topics of one partition.
    pub(crate) async fn topics(&self, names: &[&str]) {
        let topics: Vec<_> = names
            .iter()
            .map(|name| NewTopic::new(*name).partitions(1))
            .collect();
        self.admin().create_topics(&topics).await.unwrap();
    }

    /// The owner sends a record.
    pub(crate) async fn send(&self, topic: &str, value: &str) {
        self.owner.template().send(topic, value).await.unwrap();
    }

    pub(crate) async fn end(&self, topic: &str) -> i64 {
        let ends = self.admin().end_offsets(topic).await.unwrap();
        ends.values().sum()
    }

    pub(crate) async fn committed(&self, group: &str, topic: &str) -> Option<i64> {
        let all = self.admin().committed_offsets(group).await.unwrap();
        all.get(&TopicPartition::new(topic, 0)).copied()
    }

    pub(crate) async fn until_end(&self, topic: &str, end: i64) {
        until(&format!("{end} records in {topic}"), async || {
            self.end(topic).await >= end
        })
        .await;
    }

    pub(crate) async fn until_committed(&self, group: &str, topic: &str, offset: i64) {
        until(&format!("{group} at {offset} of {topic}"), async || {
            self.committed(group, topic).await == Some(offset)
        })
        .await;
    }
}

#[kafka_listener(
    topics = "idle",
    group_id = "idle",
    recoverer = "log",
    auto_startup = false
)]
async fn idle(_record: &str) {}

/// An application that does not listen.
pub(crate) fn sender(config: Config) -> KafkaApp {
    let app = KafkaApp::builder().config(config).listener(idle);
    app.build().unwrap()
}

fn config(settings: &str) -> Config {
    let config = Config::builder().toml_str("application.toml", settings);
    config.build().unwrap()
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONG, "not within {LONG:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until the listeners' health tells it, and returns the reason.
pub(crate) async fn told(app: &RunningApp, part: &str) -> HealthReason {
    let began = Instant::now();
    loop {
        let health = app.health();
        let mut reasons = health
            .listeners
            .iter()
            .flat_map(|one| &one.container.reasons);
        if let Some(reason) = reasons.find(|reason| reason.to_string().contains(part)) {
            assert!(!health.is_up());
            return reason.clone();
        }
        assert!(began.elapsed() < LONG, "{part:?} is not in {health:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// The same, until so many tries have failed of what the reason counts.
pub(crate) async fn told_after(
    app: &RunningApp,
    part: &str,
    times: u32,
    tries: impl Fn(&HealthReason) -> Option<u32>,
) {
    until("tried that often", async || {
        let reason = told(app, part).await;
        let Some(tried) = tries(&reason) else {
            panic!("{reason}");
        };
        tried >= times
    })
    .await;
}

pub(crate) async fn well(app: &RunningApp) {
    until("all is well", async || app.health().is_up()).await;
}
