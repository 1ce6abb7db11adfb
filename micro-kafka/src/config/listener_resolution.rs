//! One listener's settings, from everything that speaks of it.

use std::cell::RefCell;
use std::time::Duration;

use crate::codec::PayloadLimits;
use crate::error::RetryTopicPolicy;
use crate::idempotent::{DEFAULT_CAPACITY, DEFAULT_WINDOW};
use crate::listener::AckMode;

use super::client_properties::ClientProperties;
use super::compatibility::{AllowedInTheClear, consumer_conflicts};
use super::layers::{flatten_in, insert_path};
use super::loaded::Loaded;
use super::names::{check_group, check_topic};
use super::placeholder::Resolver;
use super::section::Section;
use super::suggestion::nearest;
use super::tree::{Node, Table};
use super::{
    ConfigError, ConfigErrors, ConfigProblem, IsolationLevel, ListenerSettings, Origin, Properties,
    Recoverer, ResolvedListener, RetryTopicSettings,
};

const CONCURRENCY: usize = 1;
const MAX_UNCOMMITTED: usize = 100_000;
const MAX_UNCOMMITTED_BYTES: usize = 64 << 20;
/// Where records overtake one another, and nothing is said.
const PARALLELISM: usize = 16;
const REVOKE_DRAIN: Duration = Duration::from_secs(10);
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
const COMMIT_COUNT: u32 = 1_000;

/// What the attribute of a listener says, as texts.
///
/// Keys are those of `[kafka.listeners.<id>]`, dotted below: `topics`, `group_id`,
/// `retry.attempts`, `retry.Timeout.backoff`, `properties.session.timeout.ms`. Values may hold
/// placeholders.
#[derive(Debug, Clone)]
pub struct ListenerAttributes<'a> {
    /// The listener's id.
    pub id: &'a str,
    /// Whether the id was given, and so may stand for the group, or is the function's name.
    pub explicit_id: bool,
    /// Keys and values.
    pub values: &'a [(&'a str, &'a str)],
    /// Where the attribute is.
    pub origin: Origin,
}

/// Resolves listeners against the loaded settings.
pub(crate) struct ListenerResolution<'c> {
    loaded: &'c Loaded,
}

impl<'c> ListenerResolution<'c> {
    pub(crate) fn new(loaded: &'c Loaded) -> Self {
        Self { loaded }
    }

    /// What is wrong whatever the attributes say: in what all listeners share, and in each table.
    pub(crate) fn check_all(&self) -> Vec<ConfigError> {
        let kafka = &self.loaded.kafka;
        let common = kafka.listener.clone();
        let mut errors = self.consumer(&common).1;
        for listener in kafka.listeners.values() {
            let merged = listener.clone().or(&kafka.listener);
            errors.extend(self.consumer(&merged).1);
        }
        errors
    }

    pub(crate) fn resolve(
        &self,
        attributes: &ListenerAttributes<'_>,
    ) -> Result<ResolvedListener, ConfigErrors> {
        let kafka = &self.loaded.kafka;
        let (written, mut errors) = self.read_attributes(attributes);
        let overrides = kafka.listener_overrides(attributes.id).cloned();
        let own = overrides.unwrap_or_default().or(&written);
        let container = own.container.as_deref().map(|name| kafka.container(name));
        let merged = own
            .clone()
            .or(container.flatten().unwrap_or(&ListenerSettings::default()))
            .or(&kafka.listener);
        let place = Place {
            loaded: self.loaded,
            attributes,
        };
        let group_id = place.group(&merged, &mut errors);
        let topics = place.topics(&merged, &mut errors);
        if container == Some(None) {
            errors.push(place.unknown_container(&own));
        }
        place.check_dead_letters(&merged, &topics, &mut errors);
        place.check_commits(&merged, &mut errors);
        place.check_retry_topics(&merged, &topics, &mut errors);
        place.check_transactions(&merged, &mut errors);
        place.check_quarantine(&merged, &mut errors);
        let (mut properties, conflicts) = self.consumer(&merged);
        errors.extend(
            conflicts
                .into_iter()
                .map(|e| e.at_if_unplaced(&attributes.origin)),
        );
        let instance = merged.group_instance_id.as_deref().unwrap_or_default();
        if !instance.trim().is_empty() {
            properties.set("group.instance.id", instance.trim(), Origin::Default);
        }
        ConfigErrors::check(errors)?;
        if let Some(group) = &group_id {
            properties.set("group.id", kafka.namespaced(group), Origin::Default);
        }
        Ok(self.assemble(attributes.id, merged, topics, group_id, properties))
    }

    fn assemble(
        &self,
        id: &str,
        merged: ListenerSettings,
        topics: Vec<String>,
        group_id: Option<String>,
        consumer_properties: Properties,
    ) -> ResolvedListener {
        let consumer = &self.loaded.kafka.consumer;
        let order = merged.order.unwrap_or_default();
        let retry_topic = self.retry_topic(&merged);
        let payload_limits = payload_limits(&merged);
        ResolvedListener {
            id: id.to_owned(),
            topics,
            topic_pattern: merged.topic_pattern,
            topic_partitions: merged.topic_partitions.unwrap_or_default(),
            batch: merged.batch.resolved(),
            transaction: merged.transactional.unwrap_or(false).then(|| {
                let producer = &self.loaded.kafka.producer;
                let prefix = producer.transaction_id_prefix.as_deref();
                merged.transaction.resolved(prefix)
            }),
            error_handler: merged.error_handler,
            send_to: merged.send_to,
            info: merged.info,
            group_id: group_id.unwrap_or_default(),
            concurrency: merged.concurrency.unwrap_or(CONCURRENCY),
            auto_startup: merged.auto_startup.unwrap_or(true),
            missing_topics_fatal: merged.missing_topics_fatal.unwrap_or(false),
            order,
            parallelism: merged
                .parallelism
                .or_else(|| order.overtakes().then_some(PARALLELISM)),
            dispatch: merged.dispatch.unwrap_or_default(),
            timeout: merged.timeout,
            rate_limit: merged.rate_limit,
            spans: merged.spans.unwrap_or(false),
            metric_tags: merged.metric_tags.over(&self.loaded.kafka.metric_tags),
            idempotency_store: merged.idempotency_store,
            idempotency_window: merged.idempotency_window.unwrap_or(DEFAULT_WINDOW),
            idempotency_topic: merged.idempotency_topic,
            idempotency_capacity: merged.idempotency_capacity.unwrap_or(DEFAULT_CAPACITY),
            breaker: merged.breaker.resolved(),
            quarantine: merged.quarantine.resolved(),
            retry_budget: merged.retry_budget.resolved(),
            ack_mode: merged.ack_mode.unwrap_or_default(),
            auto_commit: consumer
                .enable_auto_commit
                .then_some(consumer.auto_commit_interval),
            sync_commits: merged.sync_commits,
            max_uncommitted: merged.max_uncommitted.unwrap_or(MAX_UNCOMMITTED),
            max_uncommitted_bytes: merged
                .max_uncommitted_bytes
                .map_or(MAX_UNCOMMITTED_BYTES, |bytes| {
                    usize::try_from(bytes).unwrap_or(usize::MAX)
                }),
            payload_limits,
            idle_event: merged.idle_event_interval,
            idle_partition_event: merged.idle_partition_event_interval,
            revoke_drain: merged.revoke_drain.unwrap_or(REVOKE_DRAIN),
            commit_interval: merged.commit_interval.unwrap_or(COMMIT_INTERVAL),
            commit_count: merged.commit_count.unwrap_or(COMMIT_COUNT),
            retry_topic,
            retry: merged.retry,
            dead_letter_topic: merged.dead_letter_topic,
            recoverer: merged.recoverer,
            dead_letters: merged.dead_letters,
            alarm: merged.alarm,
            consumer_properties,
        }
    }

    fn retry_topic(&self, merged: &ListenerSettings) -> Option<RetryTopicPolicy> {
        let settings = merged.retry_topic.clone();
        let settings = settings.or(&self.loaded.kafka.retry_topic);
        let enabled = settings.enabled.unwrap_or(false);
        enabled.then(|| RetryTopicPolicy::new(&settings, &merged.retry))
    }

    fn consumer(&self, listener: &ListenerSettings) -> (Properties, Vec<ConfigError>) {
        let loaded = self.loaded;
        let (properties, mut errors) =
            ClientProperties::consumer(&loaded.kafka, &loaded.tree, listener);
        let security = &loaded.kafka.security;
        let allowed = AllowedInTheClear(security.allow_plaintext_credentials);
        errors.extend(consumer_conflicts(&properties, allowed));
        (properties, errors)
    }

    fn read_attributes(
        &self,
        attributes: &ListenerAttributes<'_>,
    ) -> (ListenerSettings, Vec<ConfigError>) {
        let path = format!("listener {}", attributes.id);
        let (table, errors) = self.attribute_table(attributes);
        let mistakes = RefCell::new(errors);
        let settings = match &table {
            Some(table) => ListenerSettings::read(Section::new(&path, Some(table), &mistakes)),
            None => ListenerSettings::default(),
        };
        (settings, mistakes.into_inner())
    }

    /// What the attribute says, as a table; none if a placeholder in it has no value.
    pub(super) fn attribute_table(
        &self,
        attributes: &ListenerAttributes<'_>,
    ) -> (Option<Table>, Vec<ConfigError>) {
        let (mut table, mut errors) = (Table::default(), Vec::new());
        for (key, value) in attributes.values {
            let levels: Vec<&str> = key.split('.').collect();
            let node = Node::text(*value, true, attributes.origin.clone());
            let outcome = insert_path(&mut table, &levels, node);
            errors.extend(outcome.err().map(|error| error.at(&attributes.origin)));
        }
        flatten_in(&mut table, &mut errors);
        let path = format!("listener {}", attributes.id);
        let resolver = Resolver::new(&self.loaded.raw, &self.loaded.env);
        let (table, unresolved) = resolver.table(&table, &path);
        let resolved = unresolved.is_empty().then_some(table);
        errors.extend(unresolved);
        (resolved, errors)
    }
}

/// One listener, as errors name it.
struct Place<'p> {
    loaded: &'p Loaded,
    attributes: &'p ListenerAttributes<'p>,
}

impl Place<'_> {
    /// An error at the setting of the file or the environment, else at the attribute.
    fn error(&self, key: &str, problem: ConfigError) -> ConfigError {
        let id = self.attributes.id;
        let paths = [
            format!("kafka.listeners.{id}.{key}"),
            format!("kafka.listener.{key}"),
        ];
        let attribute = self
            .attributes
            .values
            .iter()
            .any(|(name, _)| super::key::relaxed(name) == super::key::relaxed(key));
        let tree = &self.loaded.tree;
        let found = paths.iter().enumerate().find_map(|(at, path)| {
            let hidden = at == 1 && attribute;
            tree.at(path).filter(|_| !hidden).map(|node| (path, node))
        });
        match found {
            Some((path, node)) => problem.key(path.as_str()).at(&node.origin),
            None => problem
                .key(format!("listener {id}.{key}"))
                .at(&self.attributes.origin),
        }
    }

    fn group(&self, merged: &ListenerSettings, errors: &mut Vec<ConfigError>) -> Option<String> {
        let id = self.attributes.id;
        let common = self.loaded.kafka.consumer.group_id.clone();
        let own = merged.group_id.clone().or(common);
        let explicit = self.attributes.explicit_id;
        let group = own.or_else(|| explicit.then(|| id.to_owned()));
        let Some(group) = group else {
            let error = ConfigError::new(ConfigProblem::Missing).hint(format!(
                "set group_id in the attribute, or group-id in [kafka.listeners.{id}] or [kafka.consumer]"
            ));
            errors.push(self.error("group-id", error));
            return None;
        };
        if let Err(reason) = check_group(&self.loaded.kafka.namespaced(&group)) {
            errors.push(self.error("group-id", ConfigError::invalid(reason)));
        }
        Some(group)
    }

    fn topics(&self, merged: &ListenerSettings, errors: &mut Vec<ConfigError>) -> Vec<String> {
        if merged.ways_to_topics() > 1 {
            let reason = "topics, topic-pattern and topic-partitions exclude each other";
            let error = ConfigError::conflict(reason).hint("keep one of them");
            errors.push(self.error("topics", error));
        }
        let mut topics = merged.topics.clone().unwrap_or_default();
        for partitions in merged.topic_partitions.iter().flatten() {
            if !topics.contains(&partitions.topic) {
                topics.push(partitions.topic.clone());
            }
        }
        if topics.is_empty() && merged.topic_pattern.is_none() {
            let id = self.attributes.id;
            let error = ConfigError::new(ConfigProblem::Missing).hint(format!(
                "name its topics in the attribute or in [kafka.listeners.{id}]"
            ));
            errors.push(self.error("topics", error));
        }
        for topic in &topics {
            // The name alone was checked when it was read.
            if let Err(reason) = check_topic(&self.loaded.kafka.namespaced(topic)) {
                let reason = format!("with the namespace before it: {reason}");
                errors.push(self.error("topics", ConfigError::invalid(reason)));
            }
        }
        topics
    }

    fn unknown_container(&self, own: &ListenerSettings) -> ConfigError {
        let name = own.container.clone().unwrap_or_default();
        let known = self.loaded.kafka.containers.keys().map(String::as_str);
        let error = ConfigError::invalid(format!("there is no table [kafka.containers.{name}]"));
        let error = match nearest(&name, known) {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error,
        };
        self.error("container", error)
    }

    fn check_quarantine(&self, merged: &ListenerSettings, errors: &mut Vec<ConfigError>) {
        let by_hand = merged.topic_partitions.as_ref();
        if by_hand.is_some_and(|all| !all.is_empty()) && merged.quarantine.resolved().is_some() {
            let reason = "a quarantine counts the deaths of those who had a partition before, and \
                partitions without a group's assignment may have several readers at once";
            let error = ConfigError::conflict(reason).hint("read whole topics with `topics`");
            errors.push(self.error("quarantine", error));
        }
    }

    fn check_dead_letters(
        &self,
        merged: &ListenerSettings,
        topics: &[String],
        errors: &mut Vec<ConfigError>,
    ) {
        let Some(dead_letters) = &merged.dead_letter_topic else {
            return;
        };
        if merged.recoverer == Some(Recoverer::Log) {
            return;
        }
        if topics.contains(dead_letters) {
            let reason = format!(
                "the listener reads {dead_letters:?} itself: its failures would come back for ever"
            );
            errors.push(self.error("dead-letter-topic", ConfigError::conflict(reason)));
        }
    }

    fn check_retry_topics(
        &self,
        merged: &ListenerSettings,
        topics: &[String],
        errors: &mut Vec<ConfigError>,
    ) {
        let id = self.attributes.id;
        let own = self.loaded.kafka.listener_overrides(id);
        let written = own.is_some_and(|own| own.retry_topic != RetryTopicSettings::default());
        let common = self.loaded.kafka.retry_topic.enabled;
        let enabled = merged.retry_topic.enabled.or(common);
        if written && enabled.is_none() {
            let reason = "the listener has no retry topics";
            let error = ConfigError::conflict(reason).hint(format!(
                "write #[retryable] before its function, or enabled = true in \
                 [kafka.listeners.{id}.retry-topic]"
            ));
            errors.push(self.error("retry-topic", error));
        }
        if enabled == Some(true) && topics.is_empty() && merged.topic_pattern.is_some() {
            let reason = "the retry topics of topics that are found by a pattern are not known";
            let error = ConfigError::conflict(reason).hint("name the topics");
            errors.push(self.error("topic-pattern", error));
        }
    }

    fn check_commits(&self, merged: &ListenerSettings, errors: &mut Vec<ConfigError>) {
        let by_time = self.loaded.kafka.consumer.enable_auto_commit;
        if by_time && merged.ack_mode.is_some_and(|mode| mode != AckMode::Batch) {
            let reason = "enable-auto-commit in [kafka.consumer] commits by time only";
            let error = ConfigError::conflict(reason).hint("leave one of the two out");
            errors.push(self.error("ack-mode", error));
        }
    }

    /// A transactional listener commits by its transactions alone, and reads what is committed.
    fn check_transactions(&self, merged: &ListenerSettings, errors: &mut Vec<ConfigError>) {
        if merged.transactional != Some(true) {
            return;
        }
        let mode = merged.ack_mode.unwrap_or_default();
        if !matches!(mode, AckMode::Batch | AckMode::Record) {
            let reason = format!(
                "a transactional listener commits by its transactions, not in ack mode `{mode}`"
            );
            let hint = "leave ack_mode out, and write `transactional(max = …, linger = \"…\")`";
            errors.push(self.error("ack-mode", ConfigError::conflict(reason).hint(hint)));
        }
        if merged.sync_commits.is_some() {
            let reason = "a transactional listener has no commits to wait for";
            let hint = "leave sync-commits out";
            errors.push(self.error("sync-commits", ConfigError::conflict(reason).hint(hint)));
        }
        if self.loaded.kafka.consumer.enable_auto_commit {
            let reason = "enable-auto-commit in [kafka.consumer] commits by time, a transactional \
                          listener by its transactions";
            let hint = "leave enable-auto-commit out";
            errors.push(self.error("transactional", ConfigError::conflict(reason).hint(hint)));
        }
        if self.loaded.kafka.consumer.isolation_level == Some(IsolationLevel::ReadUncommitted) {
            let reason = "a transactional listener would handle records of aborted transactions";
            let hint = "leave isolation-level out of [kafka.consumer]: committed records are read";
            errors.push(self.error("transactional", ConfigError::conflict(reason).hint(hint)));
        }
        if let (Some(timeout), Some(linger)) =
            (merged.transaction.timeout, merged.transaction.linger)
            && linger >= timeout
        {
            let reason = "a transaction would wait for records for longer than it may last";
            let hint = "make transaction.linger shorter than transaction.timeout";
            let error = ConfigError::conflict(reason).hint(hint);
            errors.push(self.error("transaction.linger", error));
        }
    }
}
/// What the settings say of payloads, and the defaults where they say nothing.
fn payload_limits(settings: &ListenerSettings) -> PayloadLimits {
    let default = PayloadLimits::default();
    let bytes = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
    PayloadLimits {
        max_bytes: settings.max_payload.map_or(default.max_bytes, bytes),
        max_depth: settings.max_depth.unwrap_or(default.max_depth),
    }
}
