//! The Kafka of a trial: embedded, or the one that the environment names.

use std::time::Duration;

use micro_kafka::admin::{NewTopic, TopicPartition};
use micro_kafka::template::KafkaTemplate;
use micro_kafka_broker::Broker;
use micro_kafka_proof::isolated;
use tokio::time::{Instant, sleep};

/// The listeners of the service, which are named as their topics and groups.
pub(crate) const LISTENERS: [&str; 4] = ["single", "batch", "keyed", "manual"];

/// How long nothing may be committed though records are there.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Debug)]
pub(crate) struct Kafka {
    pub(crate) bootstrap: String,
    pub(crate) namespace: String,
    pub(crate) template: KafkaTemplate,
    embedded: Option<Broker>,
}

impl Kafka {
    /// Starts it, and creates these topics.
    pub(crate) async fn start(topics: &[&str], partitions: u32) -> Self {
        Self::at(std::env::var("MICRO_KAFKA_TEST").ok(), topics, partitions).await
    }

    /// The same, embedded whatever the environment says: for faults that another one cannot be given.
    pub(crate) async fn embedded(topics: &[&str], partitions: u32) -> Self {
        Self::at(None, topics, partitions).await
    }

    /// The embedded one, if it is.
    pub(crate) fn broker(&self) -> Option<&Broker> {
        self.embedded.as_ref()
    }

    async fn at(external: Option<String>, topics: &[&str], partitions: u32) -> Self {
        let embedded = match external {
            Some(_) => None,
            None => Some(Broker::builder().start().await.unwrap()),
        };
        let own = embedded.as_ref().map(Broker::bootstrap_servers);
        let bootstrap = external.or(own).unwrap();
        let namespace = isolated::namespace();
        let template = isolated::template(&bootstrap, &namespace).unwrap();
        let kafka = Self {
            bootstrap,
            namespace,
            template,
            embedded,
        };
        kafka.create_topics(topics, partitions).await;
        kafka
    }

    async fn create_topics(&self, topics: &[&str], partitions: u32) {
        let admin = self.template.admin();
        let new = topics.iter();
        let new = new.map(|&name| NewTopic::new(name).partitions(partitions));
        admin.create_topics(&new.collect::<Vec<_>>()).await.unwrap();
        // Until every partition has a leader; nothing announces it.
        let deadline = Instant::now() + PATIENCE;
        for topic in topics {
            while let Err(error) = admin.end_offsets(topic).await {
                assert!(Instant::now() < deadline, "{topic}: {error}");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Waits until the groups have committed everything; nothing announces that to a stranger.
    pub(crate) async fn all_is_committed(&self) {
        let mut before = 0;
        let mut deadline = Instant::now() + PATIENCE;
        loop {
            let (committed, sent) = self.progress().await;
            if committed == sent {
                return;
            }
            if committed > before {
                (before, deadline) = (committed, Instant::now() + PATIENCE);
            }
            let late = Instant::now() >= deadline;
            assert!(!late, "{committed} of {sent} committed for {PATIENCE:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the group of that name has committed this much of a partition of its topic.
    pub(crate) async fn is_committed(&self, name: &str, partition: i32, offset: i64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let committed = self.committed(name, partition).await;
            if committed >= offset {
                return;
            }
            let late = Instant::now() >= deadline;
            assert!(!late, "{committed} of {offset} committed in {PATIENCE:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the group of that name has committed of a partition of its topic.
    pub(crate) async fn committed(&self, name: &str, partition: i32) -> i64 {
        let all = self.template.admin().committed_offsets(name).await;
        let all = all.unwrap_or_default();
        let own = all.get(&TopicPartition::new(name, partition));
        own.copied().unwrap_or_default().max(0)
    }

    /// How many records all groups have committed, and how many there are.
    async fn progress(&self) -> (i64, i64) {
        let admin = self.template.admin();
        let (mut committed, mut sent) = (0, 0);
        for name in LISTENERS {
            sent += admin.end_offsets(name).await.unwrap().values().sum::<i64>();
            let offsets = admin.committed_offsets(name).await.unwrap_or_default();
            committed += offsets.values().filter(|offset| **offset > 0).sum::<i64>();
        }
        (committed, sent)
    }
}
