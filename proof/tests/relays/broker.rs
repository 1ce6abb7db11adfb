//! The Kafka of a trial: the embedded broker as a program that is killed, or one that is not.

use std::path::{Path, PathBuf};
use std::time::Duration;

use micro_kafka::admin::NewTopic;
use micro_kafka::template::KafkaTemplate;
use micro_kafka_proof::isolated;
use tokio::time::{Instant, sleep};

use super::database;
use super::process::Service;

const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const PARTITIONS: u32 = 6;
const TOPICS: [&str; 3] = ["orders", "entries", "idle"];

pub(crate) struct Kafka {
    pub(crate) bootstrap: String,
    pub(crate) namespace: String,
    pub(crate) template: KafkaTemplate,
    /// The embedded one.
    pub(crate) process: Option<Service>,
}

impl Kafka {
    pub(crate) async fn start(folder: &Path) -> Self {
        let external = std::env::var("MICRO_KAFKA_TEST").ok();
        let (bootstrap, process) = match external {
            Some(bootstrap) => (bootstrap, None),
            None => {
                let (bootstrap, process) = embedded(folder);
                (bootstrap, Some(process))
            }
        };
        let namespace = isolated::namespace();
        let template = isolated::template(&bootstrap, &namespace).unwrap();
        let kafka = Self {
            bootstrap,
            namespace,
            template,
            process,
        };
        kafka.create_topics().await;
        kafka
    }

    async fn create_topics(&self) {
        let admin = self.template.admin();
        let new = TOPICS.map(|name| NewTopic::new(name).partitions(PARTITIONS));
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = admin.create_topics(&new).await {
            assert!(Instant::now() < deadline, "{error}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// So that a Kafka of others is left as it was.
    pub(crate) async fn delete_topics(&self) {
        let admin = self.template.admin();
        admin.delete_topics(&TOPICS).await.unwrap();
    }

    /// How many records the group has not committed; `None` while the broker does not answer.
    pub(crate) async fn lag(&self, group: &str) -> Option<i64> {
        let admin = self.template.admin();
        let ends = admin.end_offsets("orders").await.ok()?;
        let committed = admin.committed_offsets(group).await.ok()?;
        let committed = committed.iter().filter(|(of, _)| of.topic == "orders");
        let committed: i64 = committed.map(|(_, offset)| (*offset).max(0)).sum();
        Some(ends.values().sum::<i64>() - committed)
    }
}

fn embedded(folder: &Path) -> (String, Service) {
    let address = format!("127.0.0.1:{}", database::free_port());
    let data = folder.join("broker").to_string_lossy().into_owned();
    let arguments = ["--listen", &*address, "--data-dir", &*data];
    let arguments = arguments.map(str::to_owned).to_vec();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_proof-broker"));
    let process = Service::start("broker", program, arguments, false, folder.to_owned());
    (address, process)
}
