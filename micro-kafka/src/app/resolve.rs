//! From declared listeners and settings to endpoints, collecting all that is wrong.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::dlt_handlers;
use super::endpoint::{endpoint, look_for_topics, retry_topics};
use super::error::BootError;
use super::idempotency::{self, IdempotencyStores};
use super::registration::{Code, Registration};
use crate::config::suggestion::nearest;
use crate::config::{Config, Recoverer, ResolvedListener, RetrySettings};
use crate::error::{ErrorHandler, HeaderRules, RetryCompat, RetryOrder};
use crate::listener::{AckMode, BootCheck, ListenerEndpoint, Order, States};

/// The application's error handlers, by name.
pub(super) type ErrorHandlers = BTreeMap<String, Arc<dyn ErrorHandler>>;

/// What the application has for listeners that name it.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) error_handlers: ErrorHandlers,
    pub(super) idempotency_stores: IdempotencyStores,
}

/// A listener that is ready to run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) endpoint: ListenerEndpoint,
    pub(crate) retry: RetrySettings,
    /// Where its dead letters go, without the namespace; `None` is `<topic>-dlt`.
    pub(crate) dead_letter_topic: Option<String>,
    /// Who takes the records that are not tried again, if the application does not say.
    pub(crate) recoverer: Recoverer,
    /// The headers of its dead letters.
    pub(crate) header_rules: HeaderRules,
    /// Who decides about its failures, if it has somebody of its own.
    pub(crate) error_handler: Option<Arc<dyn ErrorHandler>>,
    /// Whether the letters that it cannot handle go to the end of their topic.
    pub(crate) sends_back: bool,
    /// The function item, if it is one.
    pub(crate) function: Option<TypeId>,
}

/// Resolves all listeners and reports every mistake.
pub(super) fn resolve(
    config: &Config,
    listeners: Vec<Registration>,
    states: &States,
    parts: &Parts,
    problems: &mut Vec<BootError>,
) -> Vec<Plan> {
    let resolver = Resolver::new(config, states, parts);
    let (letters, listeners): (Vec<_>, Vec<_>) = listeners
        .into_iter()
        .partition(|listener| listener.dlt_of.is_some());
    let plans = listeners
        .into_iter()
        .filter_map(|listener| resolver.plan(listener, problems));
    let mut plans: Vec<Plan> = plans.collect();
    for mut handler in letters {
        let completed = handler
            .dlt_of
            .map(|of| dlt_handlers::complete(&mut handler, of, &plans, &resolver));
        match completed {
            Some(Err(problem)) => problems.push(problem),
            Some(Ok(())) | None => plans.extend(resolver.plan(handler, problems)),
        }
    }
    plans
}

/// What listeners are resolved with.
pub(super) struct Resolver<'a> {
    config: &'a Config,
    states: &'a States,
    parts: &'a Parts,
    namespace: String,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(config: &'a Config, states: &'a States, parts: &'a Parts) -> Self {
        Self {
            config,
            states,
            parts,
            namespace: config.kafka().namespaced(""),
        }
    }

    /// One listener; `None` if its problems were reported.
    pub(super) fn plan(
        &self,
        listener: Registration,
        problems: &mut Vec<BootError>,
    ) -> Option<Plan> {
        plan(self.config, listener, self.states, self.parts, problems).ok()
    }

    /// The prefix of all topics and groups, dot included.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }
}

/// What keeps retries from keeping the order of keys, if they are to and something does.
fn unordered(code: &Code, resolved: &ResolvedListener) -> Option<&'static str> {
    let policy = resolved.retry_topic.as_ref();
    let policy = policy.filter(|policy| policy.order == RetryOrder::Key)?;
    if code.batch {
        return Some("handler: a batch handles records of a key together");
    }
    if resolved.transaction.is_some() {
        return Some("listener: fences are no part of its transactions, leave `transactional` out");
    }
    if resolved.ack_mode.is_manual() {
        return Some("`ack_mode`: a copy is finished when its handler is");
    }
    if resolved.order == Order::None {
        return Some("`order` of the listener: write `order = \"key\"` or leave it out");
    }
    if policy.partitions.is_some() {
        return Some("number of `partitions`: copies of a key stay on its partition, leave it out");
    }
    (policy.compat == RetryCompat::Spring)
        .then_some("`compat`: a Spring service knows nothing of fences")
}

/// Marks a listener whose problems have been reported.
struct Reported;

fn plan(
    config: &Config,
    listener: Registration,
    states: &States,
    parts: &Parts,
    problems: &mut Vec<BootError>,
) -> Result<Plan, Reported> {
    let resolved = listener.with_attributes(|attributes| {
        if let Some(variants) = listener.variants {
            let unknown = config.unknown_error_variants(attributes, variants);
            problems.extend(unknown.into_iter().map(BootError::from));
        }
        config.listener(attributes).map_err(|errors| {
            problems.extend(errors.into_vec().into_iter().map(BootError::from));
        })
    });
    let ack_mode = resolved
        .as_ref()
        .map_or_else(|()| AckMode::default(), |resolved| resolved.ack_mode);
    let transactional = resolved.as_ref().is_ok_and(|it| it.transaction.is_some());
    let mut boot = BootCheck::new(states, ack_mode)
        .transactional(transactional)
        .giving(idempotency::gives(
            &listener.code,
            resolved.as_ref().ok(),
            parts,
        ));
    (listener.check)(&mut boot);
    let at = |problem| {
        BootError::at(
            listener.source,
            format!("listener `{}`: {problem}", listener.id),
        )
    };
    problems.extend(boot.into_problems().into_iter().map(at));
    let mut resolved = resolved.map_err(|()| Reported)?;
    if let Some(policy) = &mut resolved.retry_topic {
        policy.causes.extend_from_slice(&listener.arguments.causes);
    }
    problems.extend(
        unknown_errors(listener.variants, &resolved)
            .into_iter()
            .map(at),
    );
    let error_handler = named_handler(&resolved, &parts.error_handlers);
    problems.extend(error_handler.as_ref().err().cloned().map(at));
    problems.extend(
        contradictions(&listener.code, &resolved)
            .into_iter()
            .map(at),
    );
    let error_handler = error_handler.map_err(|_| Reported)?;
    let idempotent = idempotency::resolve(config, &listener.code, &resolved, parts, states);
    problems.extend(
        idempotent
            .as_ref()
            .err()
            .into_iter()
            .flatten()
            .cloned()
            .map(at),
    );
    let idempotent = idempotent.map_err(|_| Reported)?;
    let retry_topics = retry_topics(config.kafka(), &resolved);
    problems.extend(retry_topics.as_ref().err().map(ToString::to_string).map(at));
    let retry_topics = retry_topics.map_err(|_| Reported)?;
    let mut plan = endpoint(config, listener, resolved, retry_topics);
    plan.endpoint.idempotent = idempotent;
    look_for_topics(&mut plan);
    plan.error_handler = error_handler.or(plan.error_handler);
    Ok(plan)
}

/// The error handler that settings or attribute name.
fn named_handler(
    resolved: &ResolvedListener,
    handlers: &ErrorHandlers,
) -> Result<Option<Arc<dyn ErrorHandler>>, String> {
    let Some(name) = &resolved.error_handler else {
        return Ok(None);
    };
    match handlers.get(name) {
        Some(handler) => Ok(Some(Arc::clone(handler))),
        None => {
            let known = handlers.keys().map(String::as_str).collect::<Vec<_>>();
            Err(format!(
                "there is no error handler `{name}`: register it by `.named_error_handler(\"{name}\", …)`; \
                 registered are: {}",
                known.join(", ")
            ))
        }
    }
}

/// Names of errors in `include`, `exclude` and `dlt_routing` that look like a variant of the
/// listener's error type, and are none. What looks like none of them may be another type's name.
fn unknown_errors(variants: Option<&[&str]>, resolved: &ResolvedListener) -> Vec<String> {
    let (Some(variants), Some(policy)) = (variants, &resolved.retry_topic) else {
        return Vec::new();
    };
    let lists = [("include", &policy.include), ("exclude", &policy.exclude)];
    let lists = lists
        .into_iter()
        .flat_map(|(list, names)| names.iter().map(move |it| (list, it)));
    let routes = policy.dlt_routing.keys().map(|name| ("dlt-routing", name));
    let named = lists.chain(routes);
    let is_known = |name: &str| variants.contains(&name) || policy.has_type(name);
    let unknown = named.filter(|(_, name)| !is_known(name.as_str()));
    unknown
        .filter_map(|(list, name)| {
            let near = nearest(name, variants.iter().copied())?;
            Some(format!(
                "`{name}` in `{list}` is no variant of its error type: did you mean `{near}`?"
            ))
        })
        .collect()
}

/// What the function's code and its settings cannot both have.
fn contradictions(code: &Code, resolved: &ResolvedListener) -> Vec<String> {
    let mut problems = Vec::new();
    if code.batch && resolved.order.overtakes() {
        problems.push(
            "a batch listener keeps the order of its partitions: leave `order` out".to_owned(),
        );
    }
    problems.extend(unordered(code, resolved).map(|what| {
        format!("retries that keep the order of keys (`order = \"key\"`) need another {what}")
    }));
    if code.batch && resolved.ack_mode == AckMode::Record && resolved.auto_commit.is_none() {
        problems.push(
            "ack mode `record` commits after each record, and a batch is one call: write `batch`"
                .to_owned(),
        );
    }
    if code.replies.is_none() && resolved.send_to.is_some() {
        problems.push(
            "`send-to` is set, but the function returns nothing to send: write `send_to = \"…\"` \
             in its attribute"
                .to_owned(),
        );
    }
    problems
}

/// A table for a listener that does not exist is a typing mistake; one of a listener that is
/// linked but not selected is not.
pub(super) fn check_unused_tables(
    config: &Config,
    listeners: &[Registration],
    later: &[String],
    problems: &mut Vec<BootError>,
) {
    let linked = crate::listener::LISTENERS.iter().map(|def| def.id);
    let known: Vec<&str> = listeners
        .iter()
        .map(|listener| listener.id.as_str())
        .chain(linked)
        .chain(later.iter().map(String::as_str))
        .collect();
    problems.extend(
        config
            .unknown_listeners(&known)
            .into_iter()
            .map(BootError::from),
    );
}
