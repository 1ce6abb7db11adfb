//! An application at work.

use std::sync::Arc;

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::all_partitions;
use super::dead_letters::{DeadLetters, dead_letters};
use super::declared_topics;
use super::delayed;
use super::error::Error;
use super::idempotency;
use super::kafka_app::KafkaApp;
use super::maker::Maker;
use super::memory::Windows;
use super::missing_topics;
use super::resolve::Plan;
use super::signal::StopSignals;
use crate::clock::Clock;
use crate::config::Recoverer;
use crate::delayed::{DelayedStats, DelayedWorker};
use crate::error::{
    DeadLetterPublishingRecoverer, DefaultErrorHandler, ErrorHandler, LoggingRecoverer, Recover,
    SendBackRecoverer,
};
use crate::listener::{ContainerHealth, Gate, ListenerContainer, PartitionProgress, StopReport};
use crate::observe::describe_metrics;
#[cfg(feature = "sqlx")]
use crate::outbox::{RelayHandle, Relayed};
use crate::template::KafkaTemplate;

/// An application whose listeners run; see [`KafkaApp::start`].
///
/// Stop it with [`RunningApp::stop`]: a drop abandons what is in flight.
#[derive(Debug)]
pub struct RunningApp {
    containers: Vec<ListenerContainer>,
    /// Those that came while it ran.
    pub(super) added: Mutex<Vec<Arc<ListenerContainer>>>,
    pub(super) maker: Maker,
    flush_timeout: std::time::Duration,
    #[cfg(feature = "sqlx")]
    relays: tokio::sync::Mutex<Vec<RelayHandle>>,
    shutdown_timeout: std::time::Duration,
    delayed: Option<DelayedWorker>,
}

impl RunningApp {
    pub(super) async fn start(app: KafkaApp) -> Result<Self, Error> {
        let runtime = multi_thread_runtime()?;
        describe_metrics();
        let dead_letters = dead_letters(&app)?;
        let flush_timeout = app.config.kafka().producer.flush_timeout;
        #[cfg(feature = "sqlx")]
        let outboxes = app.outboxes;
        let shutdown_timeout = app.config.kafka().shutdown_timeout;
        let mut maker = Maker {
            config: app.config,
            states: app.states,
            template: app.template,
            clock: app.clock,
            error_handler: app.error_handler,
            parts: app.parts,
            recoverer: app.recoverer,
            rebalance_listener: app.rebalance_listener,
            interceptors: app.interceptors.into_iter().collect(),
            failure_hooks: app.failure_hooks,
            layers: app.layers,
            propagation: app.propagation,
            metric_tags: app.metric_tags,
            windows: None,
            runtime,
        };
        let mut plans = app.plans;
        declared_topics::ensure(&maker.config, &app.declared_topics, &maker.template).await?;
        all_partitions::fill(&mut plans, &maker.template).await?;
        idempotency::prepare(&plans, &maker.template).await?;
        if let Some(shares) = app.shares {
            maker.windows = Some(Windows::of(shares, &plans, &maker.template).await?);
        }
        let mut containers = Vec::new();
        for plan in plans {
            containers.extend(maker.containers(plan)?);
        }
        // Whoever reads retry topics comes after all listeners.
        containers.sort_by_key(|container| container.endpoint().reads_retries);
        let mut running = Self {
            containers,
            added: Mutex::default(),
            maker,
            flush_timeout,
            #[cfg(feature = "sqlx")]
            relays: tokio::sync::Mutex::default(),
            shutdown_timeout,
            delayed: None,
        };
        let (key, gate) = Gate::closed();
        let mut started = running.start_all(&dead_letters, &gate).await;
        if started.is_ok() {
            match delayed::start(&running.maker).await {
                Ok(delayed) => running.delayed = delayed,
                Err(error) => started = Err(error),
            }
        }
        match started {
            Ok(()) => key.open(),
            Err(error) => {
                drop(key);
                running.stop().await;
                return Err(error);
            }
        }
        #[cfg(feature = "sqlx")]
        running.relay(&outboxes).await;
        Ok(running)
    }

    /// Begins to send what outboxes hold.
    #[cfg(feature = "sqlx")]
    async fn relay(&self, outboxes: &[Arc<dyn Relayed>]) {
        let (template, runtime) = (&self.maker.template, &self.maker.runtime);
        let started = outboxes.iter();
        let started = started.map(|outbox| outbox.start(template, runtime));
        self.relays.lock().await.extend(started);
    }

    /// The groups are joined while the dead-letter topics are looked for: each takes several round
    /// trips. No record is handled before both are done. Who reads dead letters joins afterwards: a
    /// consumer that has asked for a topic too early asks again minutes later.
    async fn start_all(&self, dead_letters: &DeadLetters, gate: &Gate) -> Result<(), Error> {
        let starting = self.containers.iter();
        let starting = starting.filter(|container| container.endpoint().auto_startup);
        let (late, early): (Vec<_>, Vec<_>) = starting.partition(|container| {
            let mut topics = container.endpoint().topics.iter();
            topics.any(|topic| dead_letters.include(topic))
        });
        let mut first = None;
        for container in early {
            let client = container.start_behind(gate).map_err(Error::Start)?;
            // Who looks for topics by a pattern is blind for those that it must not read.
            let sees_all = container.endpoint().topic_pattern.is_none();
            first = first.or(client.filter(|_| sees_all));
        }
        missing_topics::check(&self.containers, first.as_ref(), &self.maker.template).await?;
        dead_letters.create(first, &self.maker.template).await?;
        for container in late {
            container.start_behind(gate).map_err(Error::Start)?;
        }
        Ok(())
    }

    /// Runs until SIGTERM or Ctrl-C, then drains and stops; a second signal cuts the drain short.
    ///
    /// # Errors
    /// If signals cannot be received.
    pub async fn until_signal(self) -> Result<(), Error> {
        let mut signals = StopSignals::listen().map_err(Error::Signal)?;
        let signal = signals.next().await;
        tracing::info!(signal, "stopping; a second signal cuts the drain short");
        let mut stop = std::pin::pin!(self.stop());
        tokio::select! {
            _ = &mut stop => return Ok(()),
            signal = signals.next() => tracing::warn!(signal, "the drain is cut short"),
        }
        self.containers.iter().for_each(ListenerContainer::abandon);
        self.added().iter().for_each(|own| own.abandon());
        stop.await;
        Ok(())
    }

    /// The application's own producer side.
    #[must_use]
    pub fn template(&self) -> &KafkaTemplate {
        &self.maker.template
    }

    /// The clock of all timers.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.maker.clock
    }

    /// A value that was given to the builder.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.maker.states.get()
    }

    /// The containers, in the order of their registration; after them, those that read retry topics.
    #[must_use]
    pub fn containers(&self) -> &[ListenerContainer] {
        &self.containers
    }

    /// The container of a listener.
    #[must_use]
    pub fn listener(&self, id: &str) -> Option<&ListenerContainer> {
        self.containers
            .iter()
            .find(|container| &*container.endpoint().id == id)
    }

    /// Whether everything is well, and what is not.
    #[must_use]
    pub fn health(&self) -> AppHealth {
        let health = |container: &ListenerContainer| ListenerHealth {
            listener: Arc::clone(&container.endpoint().id),
            running: container.is_running(),
            container: container.health(),
        };
        let added = self.added();
        let added = added.iter().map(|container| health(container));
        let template = &self.maker.template;
        AppHealth {
            listeners: self.containers.iter().map(health).chain(added).collect(),
            delayed: self.delayed().and_then(|delayed| delayed.trouble),
            producer: template.fatal_error().or_else(|| template.refusal()),
        }
    }

    /// How far every assigned partition of every listener has come.
    pub async fn progress(&self) -> Vec<PartitionProgress> {
        let added = self.added();
        let all = self.containers.iter().chain(added.iter().map(|own| &**own));
        join_all(all.map(ListenerContainer::progress))
            .await
            .into_iter()
            .flatten()
            .collect()
    }

    /// What this instance knows of delayed sends; `None` where they are off.
    #[must_use]
    pub fn delayed(&self) -> Option<DelayedStats> {
        self.delayed.as_ref().map(DelayedWorker::stats)
    }

    /// Waits until every delayed record that is due was forwarded; those whose time is to come do
    /// not count.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn delayed_quiet(&self) {
        if let Some(delayed) = &self.delayed {
            delayed.quiet().await;
        }
    }

    /// Waits until every listener has finished and committed all that the broker holds now, but
    /// for records that wait for a moment of the clock.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn quiet(&self) {
        self.delayed_quiet().await;
        let added = self.added();
        let all = self.containers.iter().chain(added.iter().map(|own| &**own));
        join_all(all.map(ListenerContainer::quiet)).await;
    }

    /// Stops: nothing new is begun, handlers may end, what is finished is committed, the groups are
    /// left, and records on their way out are delivered.
    ///
    /// # Cancel safety
    /// The stop goes on if this future is dropped.
    pub async fn stop(&self) -> StopReport {
        let mut report = StopReport::default();
        let added = self.added();
        let all = self.containers.iter().chain(added.iter().map(|own| &**own));
        for stopped in join_all(all.map(ListenerContainer::stop)).await {
            report += stopped;
        }
        #[cfg(feature = "sqlx")]
        for relay in &mut *self.relays.lock().await {
            relay.stop(self.flush_timeout).await;
        }
        if let Some(delayed) = &self.delayed {
            delayed.stop(self.shutdown_timeout).await;
        }
        self.maker.template.close_requests();
        if let Err(error) = self.maker.template.flush(self.flush_timeout).await {
            tracing::error!(%error, "records were not delivered");
        }
        report
    }
}

fn multi_thread_runtime() -> Result<Handle, Error> {
    let runtime = Handle::try_current().map_err(|_| {
        Error::Runtime(
            "an application starts inside of a tokio runtime: use `#[tokio::main]`".into(),
        )
    })?;
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Err(Error::Runtime(
            "listeners need a multi-thread tokio runtime: use `#[tokio::main]` without \
             `flavor = \"current_thread\"`"
                .into(),
        ));
    }
    Ok(runtime)
}

pub(super) fn default_handler(plan: &Plan) -> Arc<dyn ErrorHandler> {
    Arc::new(DefaultErrorHandler::from_settings(&plan.retry))
}

pub(super) fn default_recoverer(plan: &Plan, template: &KafkaTemplate) -> Arc<dyn Recover> {
    match plan.recoverer {
        Recoverer::Log if plan.sends_back => Arc::new(SendBackRecoverer::new(template)),
        Recoverer::Log => Arc::new(LoggingRecoverer),
        Recoverer::DeadLetter => Arc::new(recoverer(plan, template)),
    }
}

/// The recoverer of a listener that was given none.
pub(super) fn recoverer(plan: &Plan, template: &KafkaTemplate) -> DeadLetterPublishingRecoverer {
    let mut recoverer =
        DeadLetterPublishingRecoverer::new(template).headers(plan.header_rules.clone());
    if plan.endpoint.topic_pattern.is_some() {
        recoverer = recoverer.creating();
    }
    match &plan.dead_letter_topic {
        Some(topic) => recoverer.to_topic(format!("{}{topic}", template.namespace())),
        None => recoverer,
    }
}

/// Whether an application is well.
#[derive(Debug, Clone)]
pub struct AppHealth {
    /// Each listener.
    pub listeners: Vec<ListenerHealth>,
    /// Why nothing can be sent, if so: the producer is broken, or brokers do not let it in.
    pub producer: Option<String>,
    /// Why no delayed record is forwarded, if so.
    pub delayed: Option<String>,
}

impl AppHealth {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.producer.is_none()
            && self.delayed.is_none()
            && self
                .listeners
                .iter()
                .all(|listener| listener.container.is_up())
    }
}

/// Whether a listener is well.
#[derive(Debug, Clone)]
pub struct ListenerHealth {
    /// Its id.
    pub listener: Arc<str>,
    /// Whether it runs: it does not before its start, and after its stop.
    pub running: bool,
    /// What is wrong with it.
    pub container: ContainerHealth,
}
