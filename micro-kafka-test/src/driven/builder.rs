//! What a driven listener is made of.

use std::fmt::Display;
use std::panic::Location;

use micro_kafka::app::{KafkaApp, KafkaAppBuilder};
use micro_kafka::config::{Config, ConfigBuilder};
use micro_kafka::error::{ErrorHandler, Recover};

use super::Driven;
use crate::deadline::fail;
use crate::recording::RecordingTemplate;

/// A driven listener before it is built; see [`drive`](super::drive).
#[derive(Debug)]
#[must_use = "nothing is driven until `build`"]
pub struct DrivenBuilder {
    app: KafkaAppBuilder,
    config: ConfigBuilder,
    kafka: RecordingTemplate,
}

impl DrivenBuilder {
    pub(super) fn new<F: 'static>(function: F) -> Self {
        Self {
            app: KafkaApp::builder().listener(function),
            config: Config::builder(),
            kafka: RecordingTemplate::new(),
        }
    }

    /// A value that the handler takes as `State<T>`; it has a `State<KafkaTemplate>` anyhow.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.app = self.app.state(value);
        self
    }

    /// Records what the handler sends there, instead of by a template of its own.
    pub fn kafka(mut self, kafka: &RecordingTemplate) -> Self {
        self.kafka = kafka.clone();
        self
    }

    /// Decides about failures instead of the default handler.
    pub fn error_handler(mut self, handler: impl ErrorHandler + 'static) -> Self {
        self.app = self.app.error_handler(handler);
        self
    }

    /// Takes the records that will not be tried again, instead of the dead-letter topic.
    pub fn recoverer(mut self, recoverer: impl Recover + 'static) -> Self {
        self.app = self.app.recoverer(recoverer);
        self
    }

    /// The service's own `application.toml` and environment; without this call a test sees none.
    pub fn discover_config(mut self) -> Self {
        self.config = self.config.discover();
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

    /// Builds it, with all checks that an application makes at its start.
    ///
    /// # Panics
    /// If anything is wrong, with all that is.
    #[track_caller]
    #[must_use]
    pub fn build(self) -> Driven {
        let place = Location::caller();
        let app = self
            .app
            .config_from(self.config)
            .template(self.kafka.template().clone());
        let app = match app.build() {
            Ok(app) => app,
            Err(error) => fail(place, &error.to_string()),
        };
        match app.detach().pop() {
            Some(listener) => Driven::new(listener, self.kafka),
            None => fail(place, "there is no such listener"),
        }
    }
}
