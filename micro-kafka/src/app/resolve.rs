//! From declared listeners and settings to endpoints, collecting all that is wrong.

use std::sync::Arc;

use super::error::BootError;
use super::registration::{Arguments, Registration};
use crate::config::{Config, ListenerAttributes, Origin, ResolvedListener, RetrySettings};
use crate::listener::{AckMode, BootCheck, ListenerEndpoint, States};

/// A listener that is ready to run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) endpoint: ListenerEndpoint,
    pub(crate) retry: RetrySettings,
    /// Where its dead letters go, without the namespace; `None` is `<topic>-dlt`.
    pub(crate) dead_letter_topic: Option<String>,
}

/// Resolves all listeners and reports every mistake.
pub(super) fn resolve(
    config: &Config,
    listeners: Vec<Registration>,
    states: &States,
    problems: &mut Vec<BootError>,
) -> Vec<Plan> {
    check_unused_tables(config, &listeners, problems);
    let plans = listeners.into_iter().filter_map(|listener| {
        let plan = plan(config, listener, states, problems);
        plan.ok()
    });
    plans.collect()
}

/// Marks a listener whose problems have been reported.
struct Reported;

fn plan(
    config: &Config,
    listener: Registration,
    states: &States,
    problems: &mut Vec<BootError>,
) -> Result<Plan, Reported> {
    let values = listener.arguments.as_texts();
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let origin = match listener.source {
        Some(source) => Origin::file(source.file, source.line as usize, 1),
        None => Origin::Program,
    };
    let attributes = ListenerAttributes {
        id: &listener.id,
        explicit_id: listener.explicit_id,
        values: &values,
        origin,
    };
    if let Some(variants) = listener.variants {
        let unknown = config.unknown_error_variants(&attributes, variants);
        problems.extend(unknown.into_iter().map(BootError::from));
    }
    let resolved = config.listener(&attributes).map_err(|errors| {
        problems.extend(errors.into_vec().into_iter().map(BootError::from));
    });
    let ack_mode = resolved
        .as_ref()
        .map_or_else(|()| AckMode::default(), |resolved| resolved.ack_mode);
    let mut boot = BootCheck::new(states, ack_mode);
    (listener.check)(&mut boot);
    let at = |problem| {
        BootError::at(
            listener.source,
            format!("listener `{}`: {problem}", listener.id),
        )
    };
    problems.extend(boot.into_problems().into_iter().map(at));
    let resolved = resolved.map_err(|()| Reported)?;
    Ok(endpoint(config, listener, resolved))
}

fn endpoint(config: &Config, listener: Registration, resolved: ResolvedListener) -> Plan {
    let kafka = config.kafka();
    let properties = resolved.consumer_properties.iter();
    let endpoint = ListenerEndpoint {
        topics: resolved
            .topics
            .iter()
            .map(|topic| kafka.namespaced(topic))
            .collect(),
        group_id: kafka.namespaced(&resolved.group_id).into(),
        client_id: resolved
            .consumer_properties
            .get("client.id")
            .unwrap_or(&resolved.id)
            .to_owned(),
        concurrency: u32::try_from(resolved.concurrency).unwrap_or(u32::MAX),
        auto_startup: resolved.auto_startup,
        missing_topics_fatal: resolved.missing_topics_fatal,
        order: resolved.order,
        parallelism: resolved.parallelism,
        dispatch: resolved.dispatch,
        ack_mode: resolved.ack_mode,
        auto_commit: resolved.auto_commit,
        sync_commits: resolved.sync_commits,
        max_uncommitted: resolved.max_uncommitted,
        max_uncommitted_bytes: resolved.max_uncommitted_bytes,
        commit_interval: resolved.commit_interval,
        commit_count: usize::try_from(resolved.commit_count).unwrap_or(usize::MAX),
        idle_event: resolved.idle_event,
        idle_partition_event: resolved.idle_partition_event,
        revoke_drain: resolved.revoke_drain,
        shutdown_timeout: kafka.shutdown_timeout,
        properties: properties
            .map(|(name, value, _)| (name.to_owned(), value.to_owned()))
            .collect(),
        handler: listener.handler,
        id: Arc::from(resolved.id),
    };
    Plan {
        endpoint,
        retry: resolved.retry,
        dead_letter_topic: resolved.dead_letter_topic,
    }
}

/// A table for a listener that does not exist is a typing mistake; one of a listener that is
/// linked but not selected is not.
fn check_unused_tables(config: &Config, listeners: &[Registration], problems: &mut Vec<BootError>) {
    let linked = crate::listener::LISTENERS.iter().map(|def| def.id);
    let known: Vec<&str> = listeners
        .iter()
        .map(|listener| listener.id.as_str())
        .chain(linked)
        .collect();
    problems.extend(
        config
            .unknown_listeners(&known)
            .into_iter()
            .map(BootError::from),
    );
}

impl Arguments {
    /// The arguments under the keys of `[kafka.listeners.<id>]`.
    fn as_texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        let mut put = |key: &str, value: Option<String>| {
            texts.extend(value.map(|value| (key.to_owned(), value)))
        };
        put(
            "topics",
            (!self.topics.is_empty()).then(|| self.topics.join(",")),
        );
        put("group_id", self.group_id.clone());
        put("client_id", self.client_id.clone());
        put("concurrency", self.concurrency.map(|n| n.to_string()));
        put(
            "auto_startup",
            self.auto_startup.map(|start| start.to_string()),
        );
        put("order", self.order.map(|order| order.to_string()));
        put("parallelism", self.parallelism.map(|most| most.to_string()));
        put("dispatch", self.dispatch.map(|way| way.to_string()));
        put("ack_mode", self.ack_mode.map(|mode| mode.to_string()));
        put("retry.attempts", self.retry.attempts.map(|n| n.to_string()));
        put(
            "retry.backoff",
            self.retry.back_off.map(|back_off| back_off.to_string()),
        );
        for (name, value) in &self.properties {
            put(&format!("properties.{name}"), Some(value.clone()));
        }
        texts
    }
}
