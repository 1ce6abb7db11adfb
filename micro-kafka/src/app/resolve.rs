//! From declared listeners and settings to endpoints, collecting all that is wrong.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::dlt_handlers;
use super::error::BootError;
use super::registration::{Arguments, Code, Registration};
use crate::config::suggestion::nearest;
use crate::config::{Config, KafkaSettings, Recoverer, ResolvedListener, RetrySettings};
use crate::error::{DEAD_LETTER_SUFFIX, ErrorHandler, HeaderRules, RetryTopicError, RetryTopics};
use crate::listener::{AckMode, BootCheck, ListenerEndpoint, SendTo, States, TopicPartitions};

/// The application's error handlers, by name.
pub(super) type ErrorHandlers = BTreeMap<String, Arc<dyn ErrorHandler>>;

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
    handlers: &ErrorHandlers,
    problems: &mut Vec<BootError>,
) -> Vec<Plan> {
    let resolver = Resolver::new(config, states, handlers);
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
    handlers: &'a ErrorHandlers,
    namespace: String,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(config: &'a Config, states: &'a States, handlers: &'a ErrorHandlers) -> Self {
        Self {
            config,
            states,
            handlers,
            namespace: config.kafka().namespaced(""),
        }
    }

    /// One listener; `None` if its problems were reported.
    pub(super) fn plan(
        &self,
        listener: Registration,
        problems: &mut Vec<BootError>,
    ) -> Option<Plan> {
        plan(self.config, listener, self.states, self.handlers, problems).ok()
    }

    /// The prefix of all topics and groups, dot included.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }
}

/// Marks a listener whose problems have been reported.
struct Reported;

fn plan(
    config: &Config,
    listener: Registration,
    states: &States,
    handlers: &ErrorHandlers,
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
    let mut boot = BootCheck::new(states, ack_mode).transactional(transactional);
    (listener.check)(&mut boot);
    let at = |problem| {
        BootError::at(
            listener.source,
            format!("listener `{}`: {problem}", listener.id),
        )
    };
    problems.extend(boot.into_problems().into_iter().map(at));
    let resolved = resolved.map_err(|()| Reported)?;
    problems.extend(
        unknown_errors(listener.variants, &resolved)
            .into_iter()
            .map(at),
    );
    let error_handler = named_handler(&resolved, handlers);
    problems.extend(error_handler.as_ref().err().cloned().map(at));
    problems.extend(
        contradictions(&listener.code, &resolved)
            .into_iter()
            .map(at),
    );
    let error_handler = error_handler.map_err(|_| Reported)?;
    let retry_topics = retry_topics(config.kafka(), &resolved);
    problems.extend(retry_topics.as_ref().err().map(ToString::to_string).map(at));
    let retry_topics = retry_topics.map_err(|_| Reported)?;
    let mut plan = endpoint(config, listener, resolved, retry_topics);
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
    let unknown = named.filter(|(_, name)| !variants.contains(&name.as_str()));
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

fn endpoint(
    config: &Config,
    listener: Registration,
    resolved: ResolvedListener,
    retry_topics: Option<Arc<RetryTopics>>,
) -> Plan {
    let kafka = config.kafka();
    let properties = resolved.consumer_properties.iter();
    let endpoint = ListenerEndpoint {
        topics: resolved
            .topics
            .iter()
            .map(|topic| kafka.namespaced(topic))
            .collect(),
        concurrency: concurrency(resolved.concurrency, &resolved.topic_partitions),
        topic_pattern: resolved
            .topic_pattern
            .map(|pattern| native_pattern(&kafka.namespaced(""), &pattern)),
        topic_partitions: resolved
            .topic_partitions
            .into_iter()
            .map(|partitions| TopicPartitions {
                topic: kafka.namespaced(&partitions.topic),
                ..partitions
            })
            .collect(),
        send_to: match (listener.code.replies, resolved.send_to) {
            (Some(_), Some(topic)) => Some(SendTo::Topic(topic.into())),
            (replies, None) => replies,
            (None, Some(_)) => None,
        },
        info: resolved.info.map(Into::into),
        batch: listener.code.batch.then_some(resolved.batch),
        transaction: resolved.transaction,
        filter: listener.code.filter,
        group_id: kafka.namespaced(&resolved.group_id).into(),
        client_id: resolved
            .consumer_properties
            .get("client.id")
            .unwrap_or(&resolved.id)
            .to_owned(),
        auto_startup: resolved.auto_startup,
        missing_topics_fatal: resolved.missing_topics_fatal,
        order: resolved.order,
        parallelism: resolved.parallelism,
        dispatch: resolved.dispatch,
        timeout: resolved.timeout,
        rate_limit: resolved.rate_limit,
        breaker: resolved.breaker,
        layers: listener.code.layers,
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
        alarm: resolved.alarm,
        properties: properties
            .map(|(name, value, _)| (name.to_owned(), value.to_owned()))
            .collect(),
        retry_topics,
        reads_retries: false,
        handler: listener.handler,
        id: Arc::from(resolved.id),
    };
    Plan {
        endpoint,
        retry: resolved.retry,
        recoverer: resolved.recoverer.unwrap_or_default(),
        header_rules: resolved.dead_letters.rules(),
        dead_letter_topic: resolved.dead_letter_topic,
        error_handler: listener.code.error_handler,
        sends_back: listener.code.sends_back,
        function: listener.function,
    }
}

/// The retry topics of a listener, if it is to have some.
fn retry_topics(
    kafka: &KafkaSettings,
    resolved: &ResolvedListener,
) -> Result<Option<Arc<RetryTopics>>, RetryTopicError> {
    let Some(policy) = resolved.retry_topic.clone() else {
        return Ok(None);
    };
    let names = resolved.topics.iter();
    let sources = names
        .map(|topic| kafka.namespaced(topic))
        .collect::<Vec<_>>();
    let dead_letters = resolved.dead_letter_topic.as_deref();
    let dead_letters = dead_letters.map(|topic| kafka.namespaced(topic));
    let id = resolved.id.as_str().into();
    let topics = RetryTopics::new(id, policy, &sources, &resolved.group_id, dead_letters)?;
    Ok(Some(Arc::new(topics)))
}

/// More consumers than partitions would have nothing to do, where partitions are not assigned.
fn concurrency(wanted: usize, partitions: &[TopicPartitions]) -> u32 {
    if partitions.iter().any(TopicPartitions::is_all) {
        return u32::try_from(wanted).unwrap_or(u32::MAX);
    }
    let most = partitions.iter().map(|each| each.partitions.len()).sum();
    let wanted = match most {
        0 => wanted,
        most => wanted.min(most),
    };
    u32::try_from(wanted).unwrap_or(u32::MAX)
}

/// How often a listener with a pattern looks for new topics, in milliseconds.
pub(super) const LOOK_FOR_TOPICS: &str = "10000";

/// A listener with a pattern must find new topics soon, and never its own dead letters.
fn look_for_topics(plan: &mut Plan) {
    let endpoint = &mut plan.endpoint;
    let Some(pattern) = &endpoint.topic_pattern else {
        return;
    };
    let dead_letters = match &plan.dead_letter_topic {
        Some(topic) => format!("^.*{}$", topic.replace('.', "[.]")),
        None => format!("^.*{DEAD_LETTER_SUFFIX}$"),
    };
    let wants_dead_letters = pattern.contains(DEAD_LETTER_SUFFIX);
    let mut default = |name: &str, value: String| {
        if !endpoint.properties.iter().any(|(set, _)| set == name) {
            endpoint.properties.push((name.to_owned(), value));
        }
    };
    default(
        "topic.metadata.refresh.interval.ms",
        LOOK_FOR_TOPICS.to_owned(),
    );
    if !wants_dead_letters {
        default("topic.blacklist", dead_letters);
    }
}

/// A pattern as librdkafka takes it: it begins with `^`, and matches whole names.
fn native_pattern(namespace: &str, pattern: &str) -> String {
    let namespace = namespace.replace('.', "[.]");
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    format!("^{namespace}({pattern})$")
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

impl Arguments {
    /// The arguments under the keys of `[kafka.listeners.<id>]`.
    pub(super) fn as_texts(&self) -> Vec<(String, String)> {
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
        put("timeout", self.timeout.clone());
        put("rate_limit", self.rate_limit.clone());
        put("ack_mode", self.ack_mode.map(|mode| mode.to_string()));
        put("retry.attempts", self.retry.attempts.map(|n| n.to_string()));
        put(
            "retry.backoff",
            self.retry.back_off.map(|back_off| back_off.to_string()),
        );
        put("topic_pattern", self.topic_pattern.clone());
        let partitions = &self.topic_partitions;
        put(
            "topic_partitions",
            (!partitions.is_empty()).then(|| partitions.join(";")),
        );
        put("container", self.container.clone());
        put("batch.max", self.batch.max.map(|max| max.to_string()));
        put(
            "batch.linger",
            self.batch
                .linger
                .map(|wait| format!("{}ms", wait.as_millis())),
        );
        if let Some(transaction) = self.transactional {
            put("transactional", Some("true".to_owned()));
            put(
                "transaction.max",
                transaction.max.map(|max| max.to_string()),
            );
            put(
                "transaction.linger",
                transaction
                    .linger
                    .map(|wait| format!("{}ms", wait.as_millis())),
            );
        }
        put("error_handler", self.error_handler.clone());
        put("dead_letter_topic", self.dead_letter_topic.clone());
        let recoverer = self.recoverer.map(|recoverer| recoverer.name().to_owned());
        put("recoverer", recoverer);
        put("send_to", self.send_to.clone());
        put("info", self.info.clone());
        for (key, value) in &self.retryable {
            put(&format!("retry_topic.{key}"), Some(value.clone()));
        }
        for (name, value) in &self.properties {
            put(&format!("properties.{name}"), Some(value.clone()));
        }
        texts
    }
}
