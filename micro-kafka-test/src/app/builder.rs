//! An application before its start.

use std::fmt::Display;
use std::panic::Location;
use std::sync::Arc;

use micro_kafka::app::{KafkaApp, KafkaAppBuilder, Listener};
use micro_kafka::claim_check::ClaimCheck;
use micro_kafka::config::{Config, ConfigBuilder};
use micro_kafka::error::{BoxError, ErrorHandler, Recover, RetryListener};
use micro_kafka::idempotent::IdempotencyStore;
use micro_kafka::listener::{
    Alarm, Delivery, Handled, HandlerService, Interceptor, RebalanceListener,
};
use micro_kafka::observe::Propagation;
#[cfg(feature = "sqlx")]
use micro_kafka::outbox::{Dialect, Outbox};
use micro_kafka::template::KafkaRecord;
use tower_layer::Layer;
use tower_service::Service;

use super::TestApp;
use crate::deadline::fail;
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
consumer.properties."statistics.interval.ms" = "20"
"#;

/// Not with KIP-848, where the broker decides.
const HEARTBEAT: &str = "100ms";

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
            .set_default("kafka.consumer.heartbeat-interval", HEARTBEAT)
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

    /// Is told of each attempt of all listeners.
    pub fn interceptor(mut self, interceptor: impl Interceptor + 'static) -> Self {
        self.app = self.app.interceptor(interceptor);
        self
    }

    /// Is told of each failure of all listeners, and of what becomes of it.
    pub fn retry_listener(mut self, listener: impl RetryListener + 'static) -> Self {
        self.app = self.app.retry_listener(listener);
        self
    }

    /// Is called when the failures of a listener pass a threshold of its `[….alarm]`.
    pub fn alarm_hook(mut self, hook: impl Fn(&Alarm) + Send + Sync + 'static) -> Self {
        self.app = self.app.alarm_hook(hook);
        self
    }

    /// Puts a `tower` layer around the handlers of all listeners.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandlerService> + Send + Sync + 'static,
        L::Service: Service<Delivery, Response = Handled> + Send + 'static,
        <L::Service as Service<Delivery>>::Error: Into<BoxError>,
        <L::Service as Service<Delivery>>::Future: Send + 'static,
    {
        self.app = self.app.layer(layer);
        self
    }

    /// Ties the spans of listeners that have `spans = true` to a tracing system.
    pub fn propagation(mut self, propagation: impl Propagation + 'static) -> Self {
        self.app = self.app.propagation(propagation);
        self
    }

    /// Makes the topic of a type at start, as its `#[derive(KafkaRecord)]` declares it.
    pub fn topic<R: KafkaRecord>(mut self) -> Self {
        self.app = self.app.topic::<R>();
        self
    }

    /// Adds a tag to all figures.
    pub fn metric_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.app = self.app.metric_tag(name, value);
        self
    }

    /// A store for the `#[idempotent]` listeners that name it.
    pub fn idempotency_store(
        mut self,
        name: impl Into<String>,
        store: impl IdempotencyStore,
    ) -> Self {
        self.app = self.app.idempotency_store(name, store);
        self
    }

    /// Relays the records of an outbox while the application runs.
    #[cfg(feature = "sqlx")]
    pub fn outbox<DB: Dialect>(mut self, outbox: Outbox<DB>) -> Self {
        self.app = self.app.outbox(outbox);
        self
    }

    /// Keeps large payloads in a store.
    pub fn claim_check(mut self, claim_check: ClaimCheck) -> Self {
        self.app = self.app.claim_check(claim_check);
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
