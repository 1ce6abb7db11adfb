//! Building an application.

use std::any::TypeId;
use std::sync::Arc;

use tower_layer::Layer;
use tower_service::Service;

use super::claim_check::claim_check;
use super::codecs::codecs;
use super::declared_topics::DeclaredTopics;
use super::error::{BootError, BootErrors, Error};
use super::idempotency::{self, IdempotencyStores};
use super::kafka_app::KafkaApp;
use super::memory::{self, Shares};
use super::programmatic::Listener;
use super::registry::Registry;
use super::resolve::{ErrorHandlers, Parts, check_unused_tables, resolve};
use super::templates::{Making, TemplateChange, template};
use crate::claim_check::ClaimCheck;
use crate::clock::Clock;
use crate::codec::Codecs;
use crate::config::{Config, ConfigBuilder, ConfigError};
use crate::error::{BoxError, ErrorHandler, Recover, RetryListener};
use crate::idempotent::IdempotencyStore;
use crate::listener::{
    Alarm, AlarmHook, Delivery, FailureHooks, Handled, HandlerService, Interceptor, Layers,
    RebalanceListener, States,
};
use crate::observe::{MetricTags, Propagation};
#[cfg(feature = "sqlx")]
use crate::outbox::{Dialect, Outbox, Relayed};
use crate::template::{ErrorHook, KafkaTemplate, TemplateConfig};

/// Where the settings come from.
#[derive(Debug)]
enum Settings {
    Read(Box<Config>),
    Unread(Box<ConfigBuilder>),
}

impl Settings {
    fn read(self) -> (Config, Vec<ConfigError>) {
        match self {
            Self::Read(config) => (*config, Vec::new()),
            Self::Unread(builder) => builder.read(),
        }
    }
}

/// Collects what an application is made of; see [`KafkaApp::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct KafkaAppBuilder {
    settings: Settings,
    states: States,
    registry: Registry,
    clock: Clock,
    error_handler: Option<Arc<dyn ErrorHandler>>,
    error_handlers: ErrorHandlers,
    idempotency_stores: IdempotencyStores,
    recoverer: Option<Arc<dyn Recover>>,
    rebalance_listener: Option<Arc<dyn RebalanceListener>>,
    interceptors: Vec<Arc<dyn Interceptor>>,
    retry_listeners: Vec<Arc<dyn RetryListener>>,
    alarm_hook: AlarmHook,
    layers: Layers,
    error_hook: ErrorHook,
    templates: TemplateChange,
    template: Option<KafkaTemplate>,
    codecs: Codecs,
    claim_check: Option<ClaimCheck>,
    propagation: Option<Arc<dyn Propagation>>,
    metric_tags: Vec<(String, String)>,
    pub(super) declared_topics: DeclaredTopics,
    #[cfg(feature = "sqlx")]
    outboxes: Vec<Arc<dyn Relayed>>,
}

impl KafkaAppBuilder {
    pub(super) fn new() -> Self {
        Self {
            settings: Settings::Unread(Box::new(Config::builder().discover())),
            states: States::default(),
            registry: Registry::default(),
            clock: Clock::system(),
            error_handler: None,
            error_handlers: ErrorHandlers::new(),
            idempotency_stores: idempotency::stores(),
            recoverer: None,
            rebalance_listener: None,
            interceptors: Vec::new(),
            retry_listeners: Vec::new(),
            alarm_hook: AlarmHook::default(),
            layers: Layers::default(),
            error_hook: ErrorHook::default(),
            templates: TemplateChange::default(),
            template: None,
            codecs: Codecs::default(),
            claim_check: None,
            propagation: None,
            metric_tags: Vec::new(),
            declared_topics: DeclaredTopics::default(),
            #[cfg(feature = "sqlx")]
            outboxes: Vec::new(),
        }
    }

    /// Settings that the program has read; without them `application.toml` and the environment are
    /// read.
    pub fn config(mut self, config: Config) -> Self {
        self.settings = Settings::Read(Box::new(config));
        self
    }

    /// Settings that [`build`](Self::build) reads: it tells their mistakes together with all others.
    pub fn config_from(mut self, builder: ConfigBuilder) -> Self {
        self.settings = Settings::Unread(Box::new(builder));
        self
    }

    /// A value that handlers take as `State<T>`; one of the same type is replaced.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Runs this annotated function; once called, only the listeners that are named run.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a function item is passed to name it"
    )]
    pub fn listener<F: 'static>(mut self, function: F) -> Self {
        let _ = function;
        self.registry
            .selected
            .push((TypeId::of::<F>(), std::any::type_name::<F>()));
        self
    }

    /// Adds a listener made by the program.
    pub fn register(mut self, listener: Listener) -> Self {
        self.registry.registered.push(listener.into_registration());
        self
    }

    /// Names listeners that are added while the application runs, so that they may have tables
    /// `[kafka.listeners.<id>]`.
    pub fn later_listeners<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        let ids = ids.into_iter().map(Into::into);
        self.registry.later.extend(ids);
        self
    }

    /// Relays the records of an outbox to Kafka while the application runs.
    #[cfg(feature = "sqlx")]
    pub fn outbox<DB: Dialect>(mut self, outbox: Outbox<DB>) -> Self {
        self.outboxes.push(Arc::new(outbox));
        self
    }

    /// Refuses to start unless these listeners are linked in.
    pub fn require_listeners<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.registry
            .required
            .extend(ids.into_iter().map(Into::into));
        self
    }

    /// The clock of all the framework's timers; default the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Decides about failures instead of the default handler, for all listeners.
    pub fn error_handler(mut self, handler: impl ErrorHandler + 'static) -> Self {
        self.error_handler = Some(Arc::new(handler));
        self
    }

    /// Decides about the failures of those listeners that name it: by `error_handler = "name"` in
    /// the attribute, or `error-handler` in the settings.
    pub fn named_error_handler(
        mut self,
        name: impl Into<String>,
        handler: impl ErrorHandler + 'static,
    ) -> Self {
        self.error_handlers.insert(name.into(), Arc::new(handler));
        self
    }

    /// Is told of each attempt of all listeners, before the handler and after it; of several, the
    /// first is told first of the beginning, and last of the end.
    pub fn interceptor(mut self, interceptor: impl Interceptor + 'static) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Is told of each failure of all listeners, and of what becomes of it: Spring's
    /// `RetryListener`.
    pub fn retry_listener(mut self, listener: impl RetryListener + 'static) -> Self {
        self.retry_listeners.push(Arc::new(listener));
        self
    }

    /// Is called when the failures of a listener pass a threshold of its
    /// `[kafka.listeners.<id>.alarm]`; the log says so anyhow.
    pub fn alarm_hook(mut self, hook: impl Fn(&Alarm) + Send + Sync + 'static) -> Self {
        self.alarm_hook = AlarmHook::new(hook);
        self
    }

    /// A store for the `#[idempotent]` listeners that name it: by `store = "name"` in the attribute,
    /// or `idempotency-store` in the settings. One named `memory` replaces that of all others.
    pub fn idempotency_store(
        mut self,
        name: impl Into<String>,
        store: impl IdempotencyStore,
    ) -> Self {
        self.idempotency_stores.insert(name.into(), Arc::new(store));
        self
    }

    /// Puts a `tower` layer around the handlers of all listeners, such as `ServiceBuilder` makes; of
    /// several, the first one is the outermost. Each listener gets a service of its own, which all
    /// its consumers share, and every attempt goes through it, retries included.
    ///
    /// An error of a layer is an error of the attempt: it is tried again as the listener's retries
    /// say. tower's own timers run by real time, not by the application's clock.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandlerService> + Send + Sync + 'static,
        L::Service: Service<Delivery, Response = Handled> + Send + 'static,
        <L::Service as Service<Delivery>>::Error: Into<BoxError>,
        <L::Service as Service<Delivery>>::Future: Send + 'static,
    {
        self.layers.push(layer);
        self
    }

    /// Takes the records that will not be tried again, instead of the dead-letter topic.
    pub fn recoverer(mut self, recoverer: impl Recover + 'static) -> Self {
        self.recoverer = Some(Arc::new(recoverer));
        self
    }

    /// Is told of partitions that come and go, for all listeners.
    pub fn rebalance_listener(mut self, listener: impl RebalanceListener + 'static) -> Self {
        self.rebalance_listener = Some(Arc::new(listener));
        self
    }

    /// Is told of every send of the application's template that failed and that nobody awaits:
    /// Spring's `ProducerListener`. Logs by default.
    pub fn error_hook(mut self, hook: ErrorHook) -> Self {
        self.error_hook = hook;
        self
    }

    /// Changes what the application's templates are made from: interceptors, a listener, a
    /// partitioner. It is called for the application's own with `None`, for each
    /// `[kafka.templates.<name>]` with its name.
    pub fn templates(
        mut self,
        change: impl Fn(Option<&str>, TemplateConfig) -> TemplateConfig + Send + Sync + 'static,
    ) -> Self {
        self.templates = TemplateChange::new(change);
        self
    }

    /// Sends by that template instead of one of its own: handlers take it as
    /// `State<KafkaTemplate>`, and dead letters go out by it.
    pub fn template(mut self, template: KafkaTemplate) -> Self {
        self.template = Some(template);
        self
    }

    /// Looks schemas up there, instead of where `[kafka.schema-registry]` says.
    #[cfg(feature = "schema-registry")]
    pub fn schema_registry(mut self, registry: crate::codec::SchemaRegistry) -> Self {
        self.codecs = self.codecs.with_registry(registry);
        self
    }

    /// Keeps large payloads in a store: the templates' that are larger than its threshold go there,
    /// and listeners get theirs from there. A threshold that it does not have is that of
    /// `[kafka.claim-check]`.
    pub fn claim_check(mut self, claim_check: ClaimCheck) -> Self {
        self.claim_check = Some(claim_check);
        self
    }

    /// Ties the spans of listeners that have `spans = true` to a tracing system.
    pub fn propagation(mut self, propagation: impl Propagation + 'static) -> Self {
        self.propagation = Some(Arc::new(propagation));
        self
    }

    /// Adds a tag to all figures of the application's listeners and templates: Spring's
    /// `micrometerTags`. One of the settings (`metric-tags` of `[kafka]`, or of a listener) counts
    /// over it.
    pub fn metric_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metric_tags.push((name.into(), value.into()));
        self
    }

    /// Reads the settings and checks everything that can be checked without a broker.
    ///
    /// # Errors
    /// [`Error::Boot`] with all that is wrong, each with its place.
    pub fn build(self) -> Result<KafkaApp, Error> {
        let (config, errors) = self.settings.read();
        let mut problems: Vec<BootError> = errors.into_iter().map(BootError::from).collect();
        let later = self.registry.later.clone();
        let listeners = self.registry.collect(&mut problems);
        check_unused_tables(&config, &listeners, &later, &mut problems);
        let codecs = codecs(self.codecs, &config, &mut problems);
        let claim_check = claim_check(self.claim_check, &config, &mut problems);
        let metric_tags = MetricTags::new(self.metric_tags);
        let tags = config.kafka().metric_tags.over(&metric_tags);
        let making = Making {
            config: &config,
            codecs: &codecs,
            hook: &self.error_hook,
            tags: &tags,
            claim_check: claim_check.as_ref(),
            change: &self.templates,
            clock: &self.clock,
        };
        let given = self.template;
        let make = |shares: Option<&Shares>, problems: &mut Vec<BootError>| {
            let made = template(&making, shares);
            made.inspect_err(|error| problems.push(BootError::new(error.to_string())))
                .ok()
        };
        let mut template = given.clone().or_else(|| make(None, &mut problems));
        let mut states = self.states;
        states.insert(codecs.clone());
        claim_check
            .iter()
            .for_each(|own| states.insert(own.clone()));
        if let Some(template) = &template {
            states.insert(template.clone());
        }
        let parts = Parts {
            error_handlers: self.error_handlers,
            idempotency_stores: self.idempotency_stores,
        };
        let declared_topics = self.declared_topics.check(&mut problems);
        let plans = resolve(&config, listeners, &states, &parts, &mut problems);
        let shares = memory::shares(&config, &plans, given.as_ref());
        let shares = shares.map_err(|told| problems.push(BootError::new(told)));
        if let (Ok(Some(shares)), None) = (&shares, &given) {
            template = make(Some(shares), &mut problems);
            template.iter().for_each(|made| states.insert(made.clone()));
        }
        BootErrors::check(problems)?;
        let Some(template) = template else {
            return Err(Error::Runtime("the producer was not made".into()));
        };
        Ok(KafkaApp {
            config,
            states: Arc::new(states),
            plans,
            template,
            clock: self.clock,
            error_handler: self.error_handler,
            parts,
            recoverer: self.recoverer,
            rebalance_listener: self.rebalance_listener,
            interceptors: self.interceptors,
            failure_hooks: FailureHooks {
                retry_listeners: self.retry_listeners.into_iter().collect(),
                alarm: self.alarm_hook,
            },
            layers: self.layers,
            propagation: self.propagation,
            metric_tags,
            shares: shares.ok().flatten(),
            declared_topics,
            #[cfg(feature = "sqlx")]
            outboxes: self.outboxes,
        })
    }
}
