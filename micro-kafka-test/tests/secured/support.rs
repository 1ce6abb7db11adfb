//! The Kafka with the listeners, and an application on it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use micro_kafka::RunningApp;
use micro_kafka::admin::NewTopic;
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// How long a refusal may take to be known.
const REFUSAL: Duration = Duration::from_secs(60);

/// Where the listeners are, and who may log in.
pub(crate) struct Secured {
    values: HashMap<String, String>,
}

impl Secured {
    /// `None` where there is no such Kafka: the step `secured` has one.
    pub(crate) fn kafka() -> Option<Self> {
        let file = std::env::var_os("MICRO_KAFKA_SECURED")?;
        let text = std::fs::read_to_string(file).unwrap();
        let values = text.lines().filter_map(|line| line.split_once('='));
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Some(Self {
            values: values.collect(),
        })
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        &self.values[name]
    }

    /// A certificate or key.
    pub(crate) fn file(&self, name: &str) -> String {
        let folder = PathBuf::from(self.value("dir"));
        folder.join(name).display().to_string()
    }

    /// Settings for one of the listeners; `security` are the tables of it, in which `{ca}` is the
    /// right authority.
    pub(crate) fn settings(&self, listener: &str, security: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let security = security.replace("{ca}", &self.file("ca.pem"));
        format!(
            "[kafka]\nbootstrap-servers = '{}'\nnamespace = 's{process}-{number}'\n{security}",
            self.value(listener)
        )
    }
}

#[kafka_listener(topics = "orders", group_id = "billing", id = "note")]
pub(crate) async fn note(order: &str, State(orders): State<Journal<String>>) {
    orders.note(order.to_owned());
}

pub(crate) fn config(settings: &str) -> Config {
    Config::builder()
        .toml_str("application.toml", settings)
        .build()
        .unwrap()
}

/// An application with one listener, and what that got.
pub(crate) async fn start(config: Config) -> (RunningApp, Journal<String>) {
    let orders = Journal::new();
    let app = KafkaApp::builder()
        .config(config)
        .listener(note)
        .state(orders.clone())
        .build()
        .unwrap();
    (app.start().await.unwrap(), orders)
}

/// A record goes from a template to a listener, through an admin's topic.
#[track_caller]
pub(crate) fn assert_works(settings: &str) -> impl Future<Output = ()> {
    let config = config(settings);
    async move {
        let (app, orders) = start_with_topic(config).await;
        app.template().send("orders", "first").await.unwrap();
        assert_eq!(orders.reaches(1).await, ["first"]);
        let health = app.health();
        assert!(health.is_up(), "{health:?}");
        app.stop().await;
    }
}

/// An application whose topic is there.
pub(crate) async fn start_with_topic(config: Config) -> (RunningApp, Journal<String>) {
    let orders = Journal::new();
    let app = KafkaApp::builder()
        .config(config)
        .listener(note)
        .state(orders.clone())
        .build()
        .unwrap();
    let admin = app.template().admin();
    admin
        .create_topics(&[NewTopic::new("orders").partitions(1)])
        .await
        .unwrap();
    (app.start().await.unwrap(), orders)
}

/// An application that is not let in says so, in its health, and goes on trying without haste.
pub(crate) async fn assert_refused(settings: &str, part: &str) {
    // It starts without an answer from the broker.
    let settings = format!("{settings}\n[kafka.listener]\nrecoverer = 'log'\n");
    let (app, _orders) = start(config(&settings)).await;
    let sent = app
        .template()
        .send("orders", "first")
        .queue()
        .await
        .unwrap();
    let began = Instant::now();
    loop {
        let health = app.health();
        let reasons = health
            .listeners
            .iter()
            .flat_map(|one| &one.container.reasons);
        let told = reasons
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ");
        let producer = health.producer.clone().unwrap_or_default();
        if told.contains(part) && !producer.is_empty() {
            assert!(!health.is_up());
            break;
        }
        assert!(
            began.elapsed() < REFUSAL,
            "{part:?} is not in {told:?}, {producer:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(sent);
    drop(app);
}
