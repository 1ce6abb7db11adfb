//! A listener as its attribute declares it; collected over the whole binary by linkme.

use std::any::TypeId;

use super::{AckMode, BatchDef, Delivery, Dispatch, Invoke, Order, States, TransactionDef};
use crate::config::Recoverer;
use crate::error::{Action, BackOff, CauseDef, ListenerError};
use crate::idempotent::IdempotentDef;
use crate::record::Record;

/// Every `#[kafka_listener]` that is linked into this binary.
#[linkme::distributed_slice]
pub static LISTENERS: [ListenerDef];

/// Where something stands in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The file, as the compiler names it.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Retries as an attribute declares them; what is `None` comes from the settings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RetryDef {
    /// Deliveries in all, the first one included.
    pub attempts: Option<u32>,
    /// The waits between them.
    pub back_off: Option<BackOff>,
}

/// Who decides about failures, as an attribute declares it.
#[derive(Debug, Clone, Copy)]
pub enum ErrorHandlerDef {
    /// A function.
    Function(fn(&Delivery, &ListenerError) -> Action),
    /// A handler of the application, by name; with placeholders.
    Named(&'static str),
}

/// Where what a function returns goes, as an attribute declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendToDef {
    /// To this topic, with placeholders.
    Topic(&'static str),
    /// To the topic that the record's `kafka_replyTopic` names.
    ReplyHeader,
}

/// A listener as its attribute declares it, before placeholders and settings.
#[derive(Debug, Clone, Copy)]
pub struct ListenerDef {
    /// The explicit id, or the function's name.
    pub id: &'static str,
    /// Whether the id was given: only then does it serve as a group.
    pub explicit_id: bool,
    /// The type of the function item, by which tests and `#[dlt_handler]` name the listener.
    pub function: fn() -> TypeId,
    /// The function's module.
    pub module: &'static str,
    /// Where the function stands.
    pub source: Source,
    /// Topics, with placeholders.
    pub topics: &'static [&'static str],
    /// A pattern of topics instead, with placeholders.
    pub topic_pattern: Option<&'static str>,
    /// Partitions and where to begin instead, with placeholders.
    pub topic_partitions: &'static [&'static str],
    /// The consumer group, with placeholders.
    pub group_id: Option<&'static str>,
    /// The client id, with placeholders.
    pub client_id: Option<&'static str>,
    /// How many consumers.
    pub concurrency: Option<u32>,
    /// Whether it starts with the application.
    pub auto_startup: Option<bool>,
    /// Which records wait for one another.
    pub order: Option<Order>,
    /// The most handlers at work for one consumer.
    pub parallelism: Option<u32>,
    /// Where the handler runs.
    pub dispatch: Option<Dispatch>,
    /// How long an attempt may take, with placeholders.
    pub timeout: Option<&'static str>,
    /// How many records may begin in a time, with placeholders.
    pub rate_limit: Option<&'static str>,
    /// Keys and values of its breaker, as the settings name them, `enabled` among them; with
    /// placeholders.
    pub breaker: &'static [(&'static str, &'static str)],
    /// Keys and values of its retry budget, as the settings name them, `enabled` among them.
    pub retry_budget: &'static [(&'static str, &'static str)],
    /// Keys and values of its quarantine, as the settings name them, `enabled` among them.
    pub quarantine: &'static [(&'static str, &'static str)],
    /// When offsets are committed.
    pub ack_mode: Option<AckMode>,
    /// Retries in place.
    pub retry: RetryDef,
    /// Keys and values of `#[retryable]`, as the settings name them, `enabled` among them; with
    /// placeholders.
    pub retryable: &'static [(&'static str, &'static str)],
    /// The types that its `include` or `exclude` names.
    pub retryable_causes: &'static [CauseDef],
    /// What `#[idempotent]` says.
    pub idempotent: Option<IdempotentDef>,
    /// Several records in one call.
    pub batch: Option<BatchDef>,
    /// Input, output and offsets in one transaction.
    pub transactional: Option<TransactionDef>,
    /// The table `[kafka.containers.<name>]`, with placeholders.
    pub container: Option<&'static str>,
    /// Which records are handled.
    pub filter: Option<fn(&Record) -> bool>,
    /// Who decides about failures.
    pub error_handler: Option<ErrorHandlerDef>,
    /// Who takes the records that are not tried again.
    pub recoverer: Option<Recoverer>,
    /// Where its dead letters go, with placeholders.
    pub dead_letter_topic: Option<&'static str>,
    /// The type of the function item whose dead letters it takes.
    pub dlt_of: Option<fn() -> TypeId>,
    /// Where what the function returns goes.
    pub send_to: Option<SendToDef>,
    /// A text that the function may take, with placeholders.
    pub info: Option<&'static str>,
    /// librdkafka properties for its consumers, with placeholders.
    pub properties: &'static [(&'static str, &'static str)],
    /// Starts the handler.
    pub invoke: Invoke,
    /// Lets every argument check what it needs before anything starts.
    pub check: fn(&mut BootCheck<'_>),
    /// The variants of the error that it may return; `None` if they are not known.
    pub variants: fn() -> Option<&'static [&'static str]>,
}

/// What a handler's arguments need, asked before anything starts.
#[derive(Debug)]
pub struct BootCheck<'a> {
    states: &'a States,
    ack_mode: AckMode,
    acknowledges: bool,
    transactional: bool,
    gives: Option<TypeId>,
    problems: Vec<String>,
}

impl<'a> BootCheck<'a> {
    /// A check of one listener.
    #[must_use]
    pub fn new(states: &'a States, ack_mode: AckMode) -> Self {
        Self {
            states,
            ack_mode,
            acknowledges: false,
            transactional: false,
            gives: None,
            problems: Vec::new(),
        }
    }

    /// The same of a listener that is transactional, or not.
    #[must_use]
    pub fn transactional(mut self, transactional: bool) -> Self {
        self.transactional = transactional;
        self
    }

    /// The same of a listener whose idempotency store gives values of that type.
    #[must_use]
    pub fn giving(mut self, gives: Option<TypeId>) -> Self {
        self.gives = gives;
        self
    }

    /// What type of values the listener's idempotency store gives to handlers, if it does.
    #[must_use]
    pub fn gives(&self) -> Option<TypeId> {
        self.gives
    }

    /// Whether the listener is transactional.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.transactional
    }

    /// The application's values.
    #[must_use]
    pub fn states(&self) -> &States {
        self.states
    }

    /// When the listener commits.
    #[must_use]
    pub fn ack_mode(&self) -> AckMode {
        self.ack_mode
    }

    /// Says that this argument lets the handler acknowledge its record.
    pub fn acknowledges(&mut self) {
        self.acknowledges = true;
    }

    /// Reports what is missing, and how to mend it; the listener and its line are added.
    pub fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// Reports a schema of a type that cannot be used.
    #[cfg(any(feature = "avro", feature = "json-schema", feature = "protobuf"))]
    pub(crate) fn schema(&mut self, definition: &crate::codec::SchemaDefinition) {
        if let Err(error) = definition.check() {
            self.problem(error.to_string());
        }
    }

    /// Reports that there is no schema registry.
    #[cfg(feature = "schema-registry")]
    pub(crate) fn schema_registry(&mut self) {
        let codecs = self.states.get::<crate::codec::Codecs>();
        if codecs.is_none_or(|codecs| codecs.registry().is_none()) {
            self.problem(crate::codec::registry::RegistryError::NoRegistry.to_string());
        }
    }

    /// What was reported.
    #[must_use]
    pub fn into_problems(mut self) -> Vec<String> {
        if self.ack_mode.is_manual() && !self.acknowledges {
            self.problem(format!(
                "ack mode is `{}`, but no argument is an `Acknowledgment`: nothing would ever be committed",
                self.ack_mode
            ));
        }
        self.problems
    }
}
