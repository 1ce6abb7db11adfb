//! From a resolved listener to what its container runs.

use std::sync::Arc;

use super::registration::Registration;
use super::resolve::Plan;
use crate::config::{Config, KafkaSettings, ResolvedListener};
use crate::error::{DEAD_LETTER_SUFFIX, RetryTopicError, RetryTopics};
use crate::listener::{ListenerEndpoint, READ_BYTES, SendTo, TopicPartitions};

pub(super) fn endpoint(
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
        idempotent: None,
        breaker: resolved.breaker,
        quarantine: resolved.quarantine,
        retry_budget: resolved.retry_budget,
        spans: resolved.spans,
        metric_tags: resolved.metric_tags,
        layers: listener.code.layers,
        ack_mode: resolved.ack_mode,
        auto_commit: resolved.auto_commit,
        sync_commits: resolved.sync_commits,
        max_uncommitted: resolved.max_uncommitted,
        max_uncommitted_bytes: resolved.max_uncommitted_bytes,
        read_bytes: READ_BYTES,
        payload_limits: resolved.payload_limits,
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
pub(super) fn retry_topics(
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
pub(super) fn look_for_topics(plan: &mut Plan) {
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
