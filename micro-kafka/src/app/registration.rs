//! A listener as it was declared, by attribute or by program.

use std::any::TypeId;
use std::sync::Arc;

use crate::config::{ListenerAttributes, Origin, Recoverer};
use crate::error::{Cause, ErrorHandler};
use crate::idempotent::KeyDef;
use crate::listener::{
    AckMode, BatchDef, BootCheck, Dispatch, ErrorHandlerDef, Filter, Handler, Layers, ListenerDef,
    Order, RetryDef, SendTo, SendToDef, Source, TransactionDef,
};

/// A declared listener before placeholders and settings.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) id: String,
    pub(crate) explicit_id: bool,
    pub(crate) source: Option<Source>,
    pub(crate) arguments: Arguments,
    pub(crate) handler: Handler,
    pub(crate) check: fn(&mut BootCheck<'_>),
    pub(crate) variants: Option<&'static [&'static str]>,
    pub(crate) code: Code,
    /// The function item, if it is one.
    pub(crate) function: Option<TypeId>,
    /// Whose dead letters it takes.
    pub(crate) dlt_of: Option<TypeId>,
}

/// What of a listener is code beside its handler.
#[derive(Debug, Default)]
pub(crate) struct Code {
    /// Whether the handler takes batches.
    pub(crate) batch: bool,
    pub(crate) filter: Option<Filter>,
    pub(crate) error_handler: Option<Arc<dyn ErrorHandler>>,
    /// What the handler returns goes somewhere.
    pub(crate) replies: Option<SendTo>,
    /// Where the keys of its records come from, if it tells duplicates.
    pub(crate) idempotency_key: Option<KeyDef>,
    /// What stands around the handler.
    pub(crate) layers: Layers,
    /// It takes dead letters, and those that it cannot handle go to the end of their topic.
    pub(crate) sends_back: bool,
}

/// What the attribute's arguments, or the builder's calls, say.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) topics: Vec<String>,
    pub(crate) topic_pattern: Option<String>,
    pub(crate) topic_partitions: Vec<String>,
    pub(crate) container: Option<String>,
    pub(crate) batch: BatchDef,
    pub(crate) transactional: Option<TransactionDef>,
    pub(crate) error_handler: Option<String>,
    pub(crate) recoverer: Option<Recoverer>,
    pub(crate) dead_letter_topic: Option<String>,
    pub(crate) send_to: Option<String>,
    pub(crate) info: Option<String>,
    pub(crate) group_id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) auto_startup: Option<bool>,
    pub(crate) order: Option<Order>,
    pub(crate) parallelism: Option<u32>,
    pub(crate) dispatch: Option<Dispatch>,
    pub(crate) timeout: Option<String>,
    pub(crate) rate_limit: Option<String>,
    pub(crate) breaker: Vec<(String, String)>,
    pub(crate) quarantine: Vec<(String, String)>,
    pub(crate) retry_budget: Vec<(String, String)>,
    pub(crate) spans: Option<bool>,
    pub(crate) metric_tags: Vec<String>,
    pub(crate) idempotency_store: Option<String>,
    pub(crate) idempotency_window: Option<String>,
    pub(crate) ack_mode: Option<AckMode>,
    pub(crate) retry: RetryDef,
    /// Keys and values of `[kafka.listeners.<id>.retry-topic]`.
    pub(crate) retryable: Vec<(String, String)>,
    /// The types of errors that these name.
    pub(crate) causes: Vec<Cause>,
    pub(crate) properties: Vec<(String, String)>,
}

impl Registration {
    /// What it declares, as the settings read it, for as long as `read` runs.
    pub(super) fn with_attributes<T>(&self, read: impl FnOnce(&ListenerAttributes<'_>) -> T) -> T {
        let values = self.arguments.as_texts();
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        read(&ListenerAttributes {
            id: &self.id,
            explicit_id: self.explicit_id,
            values: &values,
            origin: self.origin(),
        })
    }

    /// Where it was declared.
    fn origin(&self) -> Origin {
        match self.source {
            Some(source) => Origin::file(source.file, source.line as usize, 1),
            None => Origin::Program,
        }
    }
}

impl From<&ListenerDef> for Registration {
    fn from(def: &ListenerDef) -> Self {
        Self {
            id: def.id.into(),
            explicit_id: def.explicit_id,
            source: Some(def.source),
            arguments: Arguments {
                topics: def.topics.iter().map(|topic| (*topic).into()).collect(),
                topic_pattern: def.topic_pattern.map(Into::into),
                topic_partitions: def.topic_partitions.iter().map(|p| (*p).into()).collect(),
                container: def.container.map(Into::into),
                batch: def.batch.unwrap_or_default(),
                transactional: def.transactional,
                error_handler: match def.error_handler {
                    Some(ErrorHandlerDef::Named(name)) => Some(name.into()),
                    Some(ErrorHandlerDef::Function(_)) | None => None,
                },
                recoverer: def.recoverer,
                dead_letter_topic: def.dead_letter_topic.map(Into::into),
                send_to: match def.send_to {
                    Some(SendToDef::Topic(topic)) => Some(topic.into()),
                    Some(SendToDef::ReplyHeader) | None => None,
                },
                info: def.info.map(Into::into),
                group_id: def.group_id.map(Into::into),
                client_id: def.client_id.map(Into::into),
                concurrency: def.concurrency,
                auto_startup: def.auto_startup,
                order: def.order,
                parallelism: def.parallelism,
                dispatch: def.dispatch,
                timeout: def.timeout.map(Into::into),
                rate_limit: def.rate_limit.map(Into::into),
                breaker: owned(def.breaker),
                quarantine: owned(def.quarantine),
                retry_budget: owned(def.retry_budget),
                spans: None,
                metric_tags: Vec::new(),
                idempotency_store: def.idempotent.and_then(|def| def.store).map(Into::into),
                idempotency_window: def.idempotent.and_then(|def| def.window).map(Into::into),
                ack_mode: def.ack_mode,
                retry: def.retry,
                retryable: owned(def.retryable),
                causes: def.retryable_causes.iter().map(Into::into).collect(),
                properties: owned(def.properties),
            },
            handler: Handler::Function(def.invoke),
            check: def.check,
            variants: (def.variants)(),
            code: Code::from(def),
            function: Some((def.function)()),
            dlt_of: def.dlt_of.map(|of| of()),
        }
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).into(), (*value).into()))
        .collect()
}

impl From<&ListenerDef> for Code {
    fn from(def: &ListenerDef) -> Self {
        Self {
            batch: def.batch.is_some(),
            filter: def.filter.map(Filter::new),
            error_handler: match def.error_handler {
                Some(ErrorHandlerDef::Function(function)) => Some(Arc::new(function)),
                Some(ErrorHandlerDef::Named(_)) | None => None,
            },
            replies: def.send_to.map(|to| match to {
                SendToDef::Topic(topic) => SendTo::Topic(topic.into()),
                SendToDef::ReplyHeader => SendTo::ReplyHeader,
            }),
            idempotency_key: def.idempotent.map(|def| def.key),
            layers: Layers::default(),
            sends_back: false,
        }
    }
}
