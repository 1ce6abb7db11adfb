//! Applications under test.

use std::fmt::Display;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use micro_kafka::app::{KafkaApp, KafkaAppBuilder, Listener, RunningApp};
use micro_kafka::config::{Config, ConfigBuilder};
use micro_kafka::error::{ErrorHandler, Recover};
use micro_kafka::listener::{ListenerContainer, RebalanceListener, StatsSnapshot, StopReport};

use crate::deadline::{DEADLINE, fail};
use crate::embedded::EmbeddedKafka;

/// Settings that make a test quick, at the price of more requests.
///
/// Sends do not wait for others. A request behind an idle fetch waits no longer than that does. A
/// rebalance is noticed by the next heartbeat, and the statistics' timer makes librdkafka look for
/// that in time.
const QUICK: &str = r#"
[kafka]
producer.linger = "0ms"
consumer.fetch-max-wait = "10ms"
consumer.heartbeat-interval = "100ms"
consumer.properties."statistics.interval.ms" = "20"
"#;

/// An application on a test's Kafka, before its start; see [`EmbeddedKafka::app`].
#[derive(Debug)]
#[must_use = "an application does nothing until `start`"]
pub struct TestAppBuilder {
    kafka: EmbeddedKafka,
    app: KafkaAppBuilder,
    config: ConfigBuilder,
    place: &'static Location<'static>,
}

impl TestAppBuilder {
    pub(crate) fn new(kafka: EmbeddedKafka, place: &'static Location<'static>) -> Self {
        let app = KafkaApp::builder().clock(kafka.clock().clone());
        let config = Config::builder()
            .toml_str("the test kit's settings", QUICK)
            .toml_str("the settings of #[kafka_test]", &kafka.inner.config);
        Self {
            kafka,
            app,
            config,
            place,
        }
    }

    /// Runs this annotated function; only the listeners that are named run.
    pub fn listener<F: 'static>(mut self, function: F) -> Self {
        self.app = self.app.listener(function);
        self
    }

    /// Adds a listener made by the test.
    pub fn register(mut self, listener: Listener) -> Self {
        self.app = self.app.register(listener);
        self
    }

    /// A value that handlers take as `State<T>`.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.app = self.app.state(value);
        self
    }

    /// Decides about failures instead of the default handler.
    pub fn error_handler(mut self, handler: impl ErrorHandler + 'static) -> Self {
        self.app = self.app.error_handler(handler);
        self
    }

    /// Decides about the failures of those listeners that name it.
    pub fn named_error_handler(
        mut self,
        name: impl Into<String>,
        handler: impl ErrorHandler + 'static,
    ) -> Self {
        self.app = self.app.named_error_handler(name, handler);
        self
    }

    /// Takes the records that will not be tried again, instead of the dead-letter topic.
    pub fn recoverer(mut self, recoverer: impl Recover + 'static) -> Self {
        self.app = self.app.recoverer(recoverer);
        self
    }

    /// Is told of partitions that come and go.
    pub fn rebalance_listener(mut self, listener: impl RebalanceListener + 'static) -> Self {
        self.app = self.app.rebalance_listener(listener);
        self
    }

    /// The service's own `application.toml` and environment; without this call a test sees none.
    pub fn discover_config(mut self) -> Self {
        self.config = self.config.discover();
        self
    }

    /// Any other layer of settings: files, profiles, environment variables.
    pub fn configure(mut self, layers: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> Self {
        self.config = layers(self.config);
        self
    }

    /// Refuses to start unless these listeners are linked in.
    pub fn require_listeners<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.app = self.app.require_listeners(ids);
        self
    }

    /// Settings as a TOML text.
    pub fn config(mut self, toml: impl Into<String>) -> Self {
        self.config = self.config.toml_str("the test's settings", toml);
        self
    }

    /// One setting, such as `kafka.listeners.charge.retry.attempts`.
    pub fn set(mut self, key: impl Into<String>, value: impl Display) -> Self {
        self.config = self.config.set(key, value);
        self
    }

    /// Starts it and waits until its listeners have their partitions.
    ///
    /// # Panics
    /// If it does not start, with everything that is wrong.
    pub async fn start(self) -> TestApp {
        let place = self.place;
        match self.try_start().await {
            Ok(app) => {
                app.assigned(place).await;
                app
            }
            Err(error) => fail(place, &error.to_string()),
        }
    }

    /// Starts it, for tests of what is wrong at boot; does not wait for partitions.
    ///
    /// # Errors
    /// As [`KafkaApp::start`].
    pub async fn try_start(self) -> Result<TestApp, micro_kafka::Error> {
        let mut config = self
            .config
            .set("kafka.bootstrap-servers", self.kafka.bootstrap_servers());
        if let Some(namespace) = self.kafka.namespace() {
            config = config.set("kafka.namespace", namespace);
        }
        let app = self.app.config_from(config).build()?.start().await?;
        let app = Arc::new(app);
        self.kafka.inner.apps.lock().push(Arc::downgrade(&app));
        Ok(TestApp {
            app,
            kafka: self.kafka,
        })
    }
}

/// An application under test; stops when it is dropped.
#[derive(Debug)]
pub struct TestApp {
    app: Arc<RunningApp>,
    kafka: EmbeddedKafka,
}

impl std::ops::Deref for TestApp {
    type Target = RunningApp;

    fn deref(&self) -> &RunningApp {
        &self.app
    }
}

impl TestApp {
    async fn assigned(&self, place: &Location<'_>) {
        for container in self
            .app
            .containers()
            .iter()
            .filter(|container| container.is_running())
        {
            if tokio::time::timeout(DEADLINE, self.kafka.whole(container))
                .await
                .is_err()
            {
                let (id, topics) = (&container.endpoint().id, &container.endpoint().topics);
                let assigned = container.assignment().borrow().clone();
                let health = container.health();
                fail(
                    place,
                    &format!(
                        "the partitions of {topics:?} were not assigned to listener `{id}` within {DEADLINE:?}: {assigned:?}; {health:?}"
                    ),
                );
            }
        }
    }

    /// One of its listeners.
    ///
    /// # Panics
    /// If there is none of that id.
    #[track_caller]
    #[must_use]
    pub fn listener(&self, id: &str) -> TestListener<'_> {
        let Some(container) = self.app.listener(id) else {
            let ids: Vec<_> = self
                .app
                .containers()
                .iter()
                .map(|container| &*container.endpoint().id)
                .collect();
            fail(
                Location::caller(),
                &format!("there is no listener `{id}`; there are {ids:?}"),
            );
        };
        TestListener {
            app: self,
            container,
        }
    }

    /// Stops it as SIGTERM would.
    pub async fn stop(self) -> StopReport {
        self.app.stop().await
    }
}

/// A listener under test.
#[derive(Debug, Clone, Copy)]
pub struct TestListener<'a> {
    app: &'a TestApp,
    container: &'a ListenerContainer,
}

impl std::ops::Deref for TestListener<'_> {
    type Target = ListenerContainer;

    fn deref(&self) -> &ListenerContainer {
        self.container
    }
}

impl TestListener<'_> {
    /// Waits until every record that was sent has come to its end: handled, skipped or
    /// dead-lettered, and committed.
    ///
    /// # Panics
    /// After 20 s, with what is still on its way.
    #[track_caller]
    pub fn settled(&self) -> impl Future<Output = Settled> + '_ {
        let place = Location::caller();
        async move {
            let settled = async {
                loop {
                    self.app.kafka.group_quiet(self.container).await;
                    let progress = self.container.progress().await;
                    if progress.iter().all(|partition| partition.unfinished == 0) {
                        return;
                    }
                    self.next_timer(
                        progress
                            .iter()
                            .filter_map(|partition| partition.waits_until)
                            .min(),
                    )
                    .await;
                }
            };
            if tokio::time::timeout(DEADLINE, settled).await.is_err() {
                let progress = self.container.progress().await;
                fail(
                    place,
                    &format!(
                        "listener `{}` has not settled within {DEADLINE:?}: {progress:?}",
                        self.container.endpoint().id
                    ),
                );
            }
            Settled {
                stats: self.container.stats(),
            }
        }
    }

    /// Waits until it does not run any more, though nobody stopped it: because a record asked for
    /// that.
    ///
    /// # Panics
    /// After 20 s.
    #[track_caller]
    pub fn stopped(&self) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        async move {
            let ended = async {
                while self.container.is_running() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            if tokio::time::timeout(DEADLINE, ended).await.is_err() {
                let id = &self.container.endpoint().id;
                fail(
                    place,
                    &format!("listener `{id}` still runs after {DEADLINE:?}"),
                );
            }
        }
    }

    /// Waits until something is wrong with it; `health()` says what.
    ///
    /// # Panics
    /// After 20 s.
    #[track_caller]
    pub fn unwell(&self) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        async move {
            let unwell = async {
                while self.container.health().is_up() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            if tokio::time::timeout(DEADLINE, unwell).await.is_err() {
                let id = &self.container.endpoint().id;
                fail(
                    place,
                    &format!("listener `{id}` is still well after {DEADLINE:?}"),
                );
            }
        }
    }

    async fn next_timer(&self, due: Option<std::time::Instant>) {
        match due {
            Some(due) => self.app.clock().sleep_until(due).await,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// What a listener did until it settled.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    /// Its counters.
    pub stats: StatsSnapshot,
}

impl Settled {
    /// Asserts how often its handler was called, all records and attempts together.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_attempts(&self, expected: u64) -> &Self {
        let attempts = self.stats.handled + self.stats.failed;
        if attempts != expected {
            fail(
                Location::caller(),
                &format!(
                    "expected {expected} attempts, there were {attempts}: {:?}",
                    self.stats
                ),
            );
        }
        self
    }

    /// Asserts how many records its handler succeeded with.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_handled(&self, expected: u64) -> &Self {
        if self.stats.handled != expected {
            fail(
                Location::caller(),
                &format!("expected {expected} handled records: {:?}", self.stats),
            );
        }
        self
    }

    /// Asserts how many records went to the dead-letter topic.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_dead_lettered(&self, expected: u64) -> &Self {
        if self.stats.dead_lettered != expected {
            fail(
                Location::caller(),
                &format!("expected {expected} dead letters: {:?}", self.stats),
            );
        }
        self
    }
}
