//! An application before it runs.

use std::sync::Arc;

use super::builder::KafkaAppBuilder;
use super::detached::DetachedListener;
use super::error::Error;
use super::log::log_to_stderr;
use super::memory::Shares;
use super::resolve::{Parts, Plan};
use super::running::RunningApp;
use crate::admin::NewTopic;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{ErrorHandler, Recover};
use crate::listener::{FailureHooks, Interceptor, Layers, RebalanceListener, States};
use crate::observe::{MetricTags, Propagation};
#[cfg(feature = "sqlx")]
use crate::outbox::Relayed;
use crate::template::KafkaTemplate;

/// A checked application, ready to start.
#[derive(Debug)]
pub struct KafkaApp {
    pub(super) config: Config,
    pub(super) states: Arc<States>,
    pub(super) plans: Vec<Plan>,
    pub(super) template: KafkaTemplate,
    pub(super) clock: Clock,
    pub(super) error_handler: Option<Arc<dyn ErrorHandler>>,
    pub(super) parts: Parts,
    pub(super) recoverer: Option<Arc<dyn Recover>>,
    pub(super) rebalance_listener: Option<Arc<dyn RebalanceListener>>,
    pub(super) interceptors: Vec<Arc<dyn Interceptor>>,
    pub(super) failure_hooks: FailureHooks,
    pub(super) layers: Layers,
    pub(super) propagation: Option<Arc<dyn Propagation>>,
    pub(super) metric_tags: MetricTags,
    pub(super) shares: Option<Shares>,
    pub(super) declared_topics: Vec<NewTopic>,
    #[cfg(feature = "sqlx")]
    pub(super) outboxes: Vec<Arc<dyn Relayed>>,
}

impl KafkaApp {
    /// An application with all annotated listeners of this binary.
    pub fn builder() -> KafkaAppBuilder {
        KafkaAppBuilder::new()
    }

    /// The application's own producer side.
    #[must_use]
    pub fn template(&self) -> &KafkaTemplate {
        &self.template
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The listeners by themselves, to be driven by hand: for tests of handlers without a broker.
    #[must_use]
    pub fn detach(self) -> Vec<DetachedListener> {
        DetachedListener::all(self)
    }

    /// Creates what topics are missing for dead letters, and starts the listeners.
    ///
    /// # Errors
    /// If called outside of a multi-thread tokio runtime, or if a dead-letter topic cannot be
    /// created.
    pub async fn start(self) -> Result<RunningApp, Error> {
        RunningApp::start(self).await
    }

    /// Runs until SIGTERM or Ctrl-C, then drains and stops; a second signal cuts the drain short.
    ///
    /// Installs a log subscriber if the program set none.
    ///
    /// # Errors
    /// As [`KafkaApp::start`].
    pub async fn run(self) -> Result<(), Error> {
        log_to_stderr("info");
        tracing::info!(sources = ?self.config.sources(), "settings read");
        self.start().await?.until_signal().await
    }
}
